/** What a caller does after the answer, as parts of a SIPp scenario; call.xml has the rest. */

/**
 * SIPp's `play_dtmf` holds a key for 0.2 s and waits as long until the next; the first comes after 0.6 s. One cuts off another, so
 * on a busy machine there must be room behind.
 */
const [LEAD, KEY, ROOM] = [0.6, 0.4, 0.6];

export function pause(seconds: number): string {
  return `<pause milliseconds="${Math.round(seconds * 1_000)}" />`;
}

/** Presses keys, as RFC 4733 events of payload type 96, and waits until the last one is released. */
export function press(keys: string): string {
  return `${exec(`play_dtmf="${keys}"`)}${pause(LEAD + KEY * keys.length + ROOM)}`;
}

/** Speaks for whole seconds: RTP of µ-law. While nobody speaks SIPp sends no RTP at all. */
export function speak(seconds: number): string {
  return `${exec(`rtp_stream="TONE,${seconds},0"`)}${pause(seconds + 0.1)}`;
}

export const hangUp = request("BYE", "");

/** The other side hangs up. */
export const isHungUpOn = `
  <recv request="BYE" timeout="45000" />
  <send>
    <![CDATA[
      SIP/2.0 200 OK
      [last_Via:]
      [last_From:]
      [last_To:]
      [last_Call-ID:]
      [last_CSeq:]
      Content-Length: 0

    ]]>
  </send>`;

/** Puts the call on hold, or takes it back, by a re-INVITE. */
export function hold(on: boolean): string {
  const sdp = `v=0
      o=- 1 ${on ? 2 : 3} IN IP4 [local_ip]
      s=-
      c=IN IP4 [local_ip]
      t=0 0
      m=audio [rtpstream_audio_port] RTP/AVP 0 96
      a=rtpmap:0 PCMU/8000
      a=rtpmap:96 telephone-event/8000
      a=${on ? "sendonly" : "sendrecv"}`;
  return `${request("INVITE", sdp)}
  <send>
    <![CDATA[
      ACK [next_url] SIP/2.0
      Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
      From: [field2]<sip:[field1]@[local_ip]:[local_port]>;tag=[pid]-[call_number]
      [last_To:]
      Call-ID: [call_id]
      CSeq: [cseq] ACK
      Max-Forwards: 70
      Content-Length: 0

    ]]>
  </send>`;
}

function exec(action: string): string {
  return `<nop><action><exec ${action} /></action></nop>`;
}

function request(method: string, sdp: string): string {
  const type = sdp ? "\n      Content-Type: application/sdp" : "";
  return `
  <send retrans="500">
    <![CDATA[
      ${method} [next_url] SIP/2.0
      Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
      From: [field2]<sip:[field1]@[local_ip]:[local_port]>;tag=[pid]-[call_number]
      To: <sip:[field0]@[remote_ip]:[remote_port]>[peer_tag_param]
      Call-ID: [call_id]
      CSeq: [cseq] ${method}
      Contact: <sip:[field1]@[local_ip]:[local_port]>
      Max-Forwards: 70${type}
      Content-Length: [len]

      ${sdp}
    ]]>
  </send>
  <recv response="100" optional="true" />
  <recv response="200" />`;
}
