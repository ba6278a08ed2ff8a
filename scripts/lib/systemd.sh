#!/usr/bin/env bash
# systemd.sh FOLDER PACKAGE: installs the package into a copy of this machine's file system that lives in memory, starts a
# systemd of its own there, and writes to FOLDER/said what becomes of the service. To be run by unshare, as the first process
# of namespaces of its own; what systemd could change beyond those (/proc/sys, /sys) is read-only.
set -euo pipefail
folder=$1 package=$2
box=$folder/box
root=$box/root
ip link set lo up

mkdir -p "$box"
mount -t tmpfs tmpfs "$box"
mkdir "$box/upper" "$box/work" "$root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$box/upper,workdir=$box/work" "$root"
mount -t proc proc "$root/proc"
mount --bind "$root/proc/sys" "$root/proc/sys"
mount -o remount,ro,bind "$root/proc/sys"
mount -t sysfs -o ro sysfs "$root/sys"
mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
mount -t tmpfs tmpfs "$root/run"
mount -t tmpfs tmpfs "$root/tmp"
mount -t tmpfs tmpfs "$root/dev"
for device in full null random tty urandom zero; do
    touch "$root/dev/$device"
    mount --bind "/dev/$device" "$root/dev/$device"
done
mkdir "$root"/dev/{hugepages,mqueue,pts,shm}
mount -t devpts devpts "$root/dev/pts"
ln -s pts/ptmx "$root/dev/ptmx"
ln -s /proc/self/fd "$root/dev/fd"
mkdir "$root/said"
touch "$folder/said"
mount --bind "$folder" "$root/said"

cp "$package" "$root/fanout.deb"
chroot "$root" dpkg --install /fanout.deb >/dev/null
cat >"$root/etc/default/fanout" <<'TEXT'
FANOUT_FORWARD="127.0.0.1:80=127.0.0.1:1 unix:/run/fanout/a.sock=127.0.0.1:1"
TEXT
cat >"$root/etc/systemd/system/check.service" <<'TEXT'
[Unit]
DefaultDependencies=no
Wants=fanout.service
After=fanout.service

[Service]
Type=oneshot
StandardOutput=file:/said/said
StandardError=file:/said/said
ExecStart=/bin/sh -c ' \
    systemctl show fanout --property ActiveState,SubState; \
    stat --format "%%n %%A" /run/fanout/a.sock; \
    grep -E "^(CapEff|NoNewPrivs|Seccomp):" /proc/$$(systemctl show fanout --property MainPID --value)/status; \
    systemctl stop fanout; \
    systemctl show fanout --property Result,ExecMainStatus; \
    journalctl --unit fanout --no-pager --output cat'
ExecStopPost=/bin/systemctl --force --force exit
TEXT
cd "$root"
exec env -i container=lxc PATH=/usr/sbin:/usr/bin:/sbin:/bin chroot "$root" /lib/systemd/systemd --unit=check.service \
    --show-status=no
