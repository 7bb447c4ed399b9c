package keystore

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/railgate/railgate/internal/ownfile"
)

func TestPassphraseIsTheOneLineOfItsFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "passphrase")
	long := strings.Repeat("x", maxPassphrase)
	for text, want := range map[string]string{
		"secret words": "secret words", "secret words\n": "secret words", "secret words\r\n": "secret words", " x \n": " x ",
		"": "", "\n": "", "one\ntwo\n": "", "one\n\n": "", "nul\x00": "", long: long, long + "x": "",
	} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := ReadPassphrase(path, ownfile.Trust{})
		if string(got) != want || (err == nil) != (want != "") {
			t.Errorf("%d bytes of text gave %d: %v", len(text), len(got), err)
		}
		if err != nil && (strings.Contains(err.Error(), "one\n") || !strings.Contains(err.Error(), "one line")) {
			t.Errorf("%v", err)
		}
	}
}

func TestPassphraseFilesThatOthersReadAreRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "passphrase")
	if err := os.WriteFile(path, []byte(right), 0o600); err != nil {
		t.Fatal(err)
	}
	group := ownfile.Trust{Group: os.Getegid()}
	for mode, good := range map[fs.FileMode]bool{
		0o600: true, 0o400: true, 0o440: true, 0o640: true, 0o644: false, 0o444: false, 0o404: false, 0o660: false, 0o602: false,
	} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		if _, err := ReadPassphrase(path, group); (err == nil) != good {
			t.Errorf("mode %04o: %v", mode, err)
		}
	}
	for _, bad := range []string{filepath.Dir(path), path + ".absent"} {
		if _, err := ReadPassphrase(bad, group); err == nil {
			t.Errorf("read %s", bad)
		}
	}
}

func TestPassphraseIsNeverPrinted(t *testing.T) {
	for _, verb := range []string{"%v", "%s", "%q", "%x", "%X", "%+v", "%#v", "%d"} {
		for _, value := range []any{right, sealedBy, &sealedBy} {
			got := fmt.Sprintf(verb, value)
			if strings.Contains(got, "horse") || strings.Contains(strings.ToLower(got), fmt.Sprintf("%x", "horse")) || !strings.Contains(got, "private") {
				t.Errorf("%s of %T prints %s", verb, value, got)
			}
		}
	}
	if out, err := json.Marshal(struct{ P Passphrase }{right}); err != nil || strings.Contains(string(out), "horse") {
		t.Errorf("JSON: %s, %v", out, err)
	}
}
