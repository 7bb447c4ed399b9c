//go:build unix

package loadtest

import (
	"io/fs"
	"os"
	"syscall"
)

// ours reports whether the file belongs to the user who runs this.
func ownedByUser(info fs.FileInfo) bool {
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(stat.Uid) == os.Getuid()
}
