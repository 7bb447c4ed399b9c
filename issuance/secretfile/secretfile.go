// Package secretfile reads files that hold a secret: regular files that nobody
// else may read or change. It judges the very file that it reads, so that none can
// be put in its place between the look and the reading. Who could read the file
// before, or the folder above it, it does not know.
package secretfile

import (
	"fmt"
	"io"
	"io/fs"
	"os"
)

// Owner are the permissions that a file for its owner alone must not give.
const Owner fs.FileMode = 0o077

// Read gives a file's text: at most limit+1 bytes of it, so that the caller sees
// what is longer than limit. A file that gives one of the permissions in others is
// refused, with advice on what to do. Errors name the file, never its content.
func Read(path string, limit int64, others fs.FileMode, advice string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is not a regular file", path)
	}
	if info.Mode()&others != 0 {
		return nil, fmt.Errorf("%s has mode %04o: others may read or change it; %s", path, info.Mode().Perm(), advice)
	}
	text, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", path, err)
	}
	return text, nil
}
