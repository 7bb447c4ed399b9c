//go:build linux || darwin || freebsd || netbsd || openbsd || dragonfly

package ownfile

import (
	"errors"
	"io/fs"
	"os"
	"syscall"
)

// openFlags keep an open from blocking and from following a link put in place meanwhile.
const openFlags = syscall.O_NONBLOCK | syscall.O_NOFOLLOW

// ownerOf tells whose a file is and how many names (hard links) it has.
func ownerOf(info fs.FileInfo) owner {
	s, known := info.Sys().(*syscall.Stat_t)
	if !known {
		return owner{}
	}
	return owner{int(s.Uid), int(s.Gid), uint64(s.Nlink), true}
}

func tryLock(d *os.File, alone bool) error {
	how := syscall.LOCK_SH
	if alone {
		how = syscall.LOCK_EX
	}
	err := syscall.Flock(int(d.Fd()), how|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) || errors.Is(err, syscall.EINTR) {
		return ErrLocked
	}
	return err
}
