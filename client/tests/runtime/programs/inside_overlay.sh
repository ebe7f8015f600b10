#!/bin/sh
# Runs a command in a mount namespace whose root is an overlay, as a container's is; what it writes ends with it.
# Usage: inside_overlay.sh VOLUME COMMAND...
# VOLUME is a directory of the host that is mounted at the same path, or `none`.
set -e
volume=$1
shift
scratch=$(mktemp -d)
mount -t tmpfs layer "$scratch"
mkdir "$scratch/upper" "$scratch/work" "$scratch/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$scratch/upper,workdir=$scratch/work" "$scratch/root"
mount --rbind /proc "$scratch/root/proc"
mount --rbind /dev "$scratch/root/dev"
if [ "$volume" != none ]; then
    mount --bind "$volume" "$scratch/root$volume"
fi
exec chroot "$scratch/root" "$@"
