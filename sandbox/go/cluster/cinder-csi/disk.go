package main

import (
	"bytes"
	"errors"
	"fmt"
	"os/exec"

	"golang.org/x/sys/unix"
)

// prepare has a file system on a volume, as large as the volume.
func prepare(file string) error {
	if _, err := run("blkid", "--probe", file); err != nil {
		// Of a new file nothing has to be overwritten, which would only fill this machine's disk.
		_, err = run("mkfs.ext4", "-q", "-F", "-m0", "-Eassume_storage_prezeroed=1", file)
		return err
	}
	if used, err := run("losetup", "--associated", file); err != nil || used != "" {
		return err // the node that had it is not quite gone, and the kernel has the file system still
	}
	// Not when it is mounted, as Cinder's driver does: for that root of this machine may lack a capability.
	var failed *exec.ExitError
	if _, err := run("e2fsck", "-f", "-p", file); err != nil && !(errors.As(err, &failed) && failed.ExitCode() == 1) {
		return err // 1: what was wrong is right now
	}
	_, err := run("resize2fs", file)
	return err
}

func bind(folder, place string, readonly bool) error {
	if err := unix.Mount(folder, place, "", unix.MS_BIND, ""); err != nil {
		return err
	}
	if !readonly {
		return nil
	}
	// A bind mount takes this only when it is there.
	if err := unix.Mount("", place, "", unix.MS_BIND|unix.MS_REMOUNT|unix.MS_RDONLY, ""); err != nil {
		return errors.Join(err, unix.Unmount(place, 0))
	}
	return nil
}

func mounted(place string) bool {
	_, err := run("mountpoint", "--quiet", place)
	return err == nil
}

func unmount(place string) error {
	// EINVAL: nothing is mounted there.
	if err := unix.Unmount(place, 0); err != nil && err != unix.EINVAL && err != unix.ENOENT {
		return err
	}
	return nil
}

// run returns what a command prints, which is in its error otherwise.
func run(name string, arguments ...string) (string, error) {
	told, err := exec.Command(name, arguments...).CombinedOutput()
	told = bytes.TrimSpace(told)
	if err != nil {
		return "", fmt.Errorf("%s: %w: %s", name, err, told)
	}
	return string(told), nil
}
