#!/bin/sh
# Keeps a file for each mailbox with its counts, for whatever else wants to know them:
#
#   externnotify: [/usr/local/bin/counts.sh, /var/lib/voxpost/counts]
#
# Called with the folder above, and then as app_voicemail calls its externnotify: CONTEXT MAILBOX NEW OLD URGENT.
# Urgent messages are not among the new ones.
set -eu
folder=$1 context=$2 mailbox=$3 new=$4 old=$5 urgent=$6

mkdir -p "$folder/$context" || exit 75 # not there just now: call again later
file=$folder/$context/$mailbox
echo "new=$new old=$old urgent=$urgent" >"$file.$$"
mv "$file.$$" "$file" # readers never see half of it
