package keystore

import (
	"errors"
	"fmt"
	"os"
	"time"
)

// lockPatience bounds the wait for another command on the same directory; none
// takes longer than a few argon2id runs. Tests shorten it.
var lockPatience = 5 * time.Second

// lockLook is how often it looks.
const lockLook = 20 * time.Millisecond

// errHeld is what tryLock says when another process holds the directory.
var errHeld = errors.New("held")

// lock takes the directory for reading or, alone, for changing. The system lets go
// of it when the process ends, so nothing is left to clean up after a crash.
func lock(dir string, alone bool) (unlock func(), err error) {
	d, err := os.Open(dir)
	if err != nil {
		return nil, fmt.Errorf("keystore: %w", err)
	}
	for end := time.Now().Add(lockPatience); ; time.Sleep(lockLook) {
		err := tryLock(d, alone)
		if err == nil {
			return func() { d.Close() }, nil
		}
		if !errors.Is(err, errHeld) || time.Now().After(end) {
			d.Close()
			if errors.Is(err, errHeld) {
				return nil, fmt.Errorf("keystore: another command is at work in %s; try again", dir)
			}
			return nil, fmt.Errorf("keystore: locking %s: %w", dir, err)
		}
	}
}
