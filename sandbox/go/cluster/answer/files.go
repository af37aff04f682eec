package main

import (
	"fmt"
	"os"
	"syscall"
)

// write makes a file that only its owner may read.
func write(path, text string) error {
	return os.WriteFile(path, []byte(text), 0o600)
}

// show prints a file's owner, group, mode and text.
func show(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	text := []byte{}
	if info.Mode().IsRegular() {
		if text, err = os.ReadFile(path); err != nil {
			return err
		}
	}
	owner := info.Sys().(*syscall.Stat_t)
	fmt.Printf("%d:%d %s %s\n", owner.Uid, owner.Gid, info.Mode(), text)
	return nil
}
