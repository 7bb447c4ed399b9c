package secretfile

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestOnlyAPrivateFileIsRead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "one.secret")
	if err := os.WriteFile(path, []byte("marked"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		mode, others fs.FileMode
		good         bool
	}{
		{0o600, Owner, true}, {0o400, Owner, true}, {0o440, Owner, false}, {0o620, Owner, false}, {0o604, Owner, false},
		{0o440, 0o027, true}, {0o460, 0o027, false}, {0o401, 0o027, false},
	} {
		if err := os.Chmod(path, c.mode); err != nil {
			t.Fatal(err)
		}
		text, err := Read(path, 6, c.others, "make it 0600")
		if (err == nil) != c.good || c.good != (string(text) == "marked") {
			t.Errorf("mode %04o: %q, %v", c.mode, text, err)
		}
		if err != nil && (!strings.Contains(err.Error(), path+" has mode ") || !strings.HasSuffix(err.Error(), "; make it 0600") || strings.Contains(err.Error(), "marked")) {
			t.Errorf("mode %04o: %v", c.mode, err)
		}
	}
}

func TestALongFileIsSeenToBeLong(t *testing.T) {
	path := filepath.Join(t.TempDir(), "one.secret")
	if err := os.WriteFile(path, make([]byte, 1<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	if text, err := Read(path, 9, Owner, ""); err != nil || len(text) != 10 {
		t.Errorf("%d bytes, %v", len(text), err)
	}
}

func TestWhatIsNoFileIsNotRead(t *testing.T) {
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := Read(dir, 9, Owner, ""); err == nil || !strings.HasSuffix(err.Error(), "is not a regular file") {
		t.Errorf("a directory: %v", err)
	}
	if _, err := Read(filepath.Join(dir, "absent"), 9, Owner, ""); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("an absent file: %v", err)
	}
}
