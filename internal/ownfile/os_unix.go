//go:build linux || darwin || freebsd || netbsd || openbsd || dragonfly

package ownfile

import (
	"errors"
	"io/fs"
	"os"
	"syscall"
)

// openFlags prevent os.OpenFile from blocking, and from following a link that replaced
// the file after the check.
const openFlags = syscall.O_NONBLOCK | syscall.O_NOFOLLOW

// ownerOf returns the owner of a file and its number of hard links.
func ownerOf(info fs.FileInfo) owner {
	s, known := info.Sys().(*syscall.Stat_t)
	if !known {
		return owner{}
	}
	return owner{int(s.Uid), int(s.Gid), uint64(s.Nlink), true}
}

func tryLock(d *os.File, exclusive bool) error {
	how := syscall.LOCK_SH
	if exclusive {
		how = syscall.LOCK_EX
	}
	err := syscall.Flock(int(d.Fd()), how|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) || errors.Is(err, syscall.EINTR) {
		return ErrLocked
	}
	return err
}
