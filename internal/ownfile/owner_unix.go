//go:build unix

package ownfile

import (
	"io/fs"
	"syscall"
)

// openFlags keep an open from blocking and from following a link put in place meanwhile.
const openFlags = syscall.O_NONBLOCK | syscall.O_NOFOLLOW

func ownerOf(info fs.FileInfo) (user int, known bool) {
	s, known := info.Sys().(*syscall.Stat_t)
	if !known {
		return 0, false
	}
	return int(s.Uid), true
}

func groupOf(info fs.FileInfo) (group int, known bool) {
	s, known := info.Sys().(*syscall.Stat_t)
	if !known {
		return 0, false
	}
	return int(s.Gid), true
}

func links(info fs.FileInfo) uint64 {
	s, known := info.Sys().(*syscall.Stat_t)
	if !known {
		return 1
	}
	return uint64(s.Nlink)
}
