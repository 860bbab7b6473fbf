/** Every event that the simulation sends, with the types of the fields that a client may make objects of. */
export const EVENTS = {
  StasisStart: { channel: "Channel" },
  StasisEnd: { channel: "Channel" },
  ApplicationReplaced: {},
  ApplicationMoveFailed: { channel: "Channel" },
  ChannelStateChange: { channel: "Channel" },
  ChannelDtmfReceived: { channel: "Channel" },
  ChannelVarset: { channel: "Channel" },
  ChannelHangupRequest: { channel: "Channel" },
  ChannelDestroyed: { channel: "Channel" },
  PlaybackStarted: { playback: "Playback" },
  PlaybackContinuing: { playback: "Playback" },
  PlaybackFinished: { playback: "Playback" },
  RecordingStarted: { recording: "LiveRecording" },
  RecordingFinished: { recording: "LiveRecording" },
  RecordingFailed: { recording: "LiveRecording" },
} as const satisfies Record<string, Record<string, string>>;

export type EventType = keyof typeof EVENTS;

export interface AriEvent {
  readonly type: EventType;
  readonly application: string;
  readonly timestamp: string;
  readonly asterisk_id: string;
  readonly [field: string]: unknown;
}
