package main

import (
	"crypto/ed25519"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/railgate/railgate/internal/ownfile"
)

// A key file can be read again, belongs to its owner alone and is never overwritten; the printed key is its own.
func TestNewKey(t *testing.T) {
	path := filepath.Join(t.TempDir(), "gateway.key")
	var printed strings.Builder
	if err := newKey(path, &printed); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode() != 0o600 {
		t.Fatalf("%v, %v", info.Mode(), err)
	}
	got, err := readIdentity(identitySettings{ID: 7, KeyFile: path}, ownfile.Trust{})
	if err != nil {
		t.Fatal(err)
	}
	public := hex.EncodeToString(got.Key.Public().(ed25519.PublicKey))
	for _, want := range []string{"public key: " + public + "\n", "-announce-gateway ID:" + public + " ", fmt.Sprintf("key_file = %q", path)} {
		if !strings.Contains(printed.String(), want) {
			t.Errorf("%q is not in\n%s", want, &printed)
		}
	}
	if text, _ := os.ReadFile(path); strings.Contains(printed.String(), string(text[len(keyHead)+1:len(keyHead)+65])) {
		t.Error("the private key was printed")
	}
	signature := got.Sign([]byte("m"))
	if got.ID() != 7 || !ed25519.Verify(got.Key.Public().(ed25519.PublicKey), []byte("m"), signature[:]) {
		t.Error("the signature is wrong")
	}
	if err := newKey(path, &printed); err == nil || !strings.Contains(err.Error(), "never overwritten") {
		t.Errorf("a second key: %v", err)
	}
}

func TestKeyFilesThatAreRefused(t *testing.T) {
	dir := t.TempDir()
	good := keyHead + " " + strings.Repeat("0a", 32) + "\n"
	read := func(text string, mode os.FileMode) error {
		path := filepath.Join(dir, "key")
		os.Remove(path)
		if err := os.WriteFile(path, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
		_, err := readIdentity(identitySettings{ID: 7, KeyFile: path}, ownfile.Trust{})
		if err != nil && regexp.MustCompile(`0a0a`).MatchString(err.Error()) {
			t.Errorf("the error quotes the file: %v", err)
		}
		return err
	}
	if err := read(good, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"empty": "", "no head": strings.Repeat("0a", 32) + "\n", "another head": "railgate-gateway-key-2" + good[len(keyHead):],
		"short": good[:len(good)-3] + "\n", "long": good + "\n", "upper case": strings.ToUpper(good), "upper-case digits": strings.Replace(good, "0a", "0A", 1),
		"no end": good[:len(good)-1], "not hex": strings.Replace(good, "0a", "0g", 1),
	} {
		if err := read(text, 0o600); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	if err := read(good, 0o640); err == nil {
		t.Error("a file that others can read is accepted")
	}
}

// Settings that need each other are checked together, and -check prints what they do.
func TestPassageSettings(t *testing.T) {
	file := settings(t)
	key := filepath.Join(filepath.Dir(file), "key")
	var sink strings.Builder
	if err := newKey(key, &sink); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	check := func(device string, args ...string) error {
		if err := os.WriteFile(file, []byte(string(text)+device), 0o600); err != nil {
			t.Fatal(err)
		}
		return run(t.Context(), append([]string{"-config", file, "-check"}, args...))
	}
	for _, c := range []struct {
		device string
		args   []string
		want   string // in the error; empty: none
	}{
		{"", nil, ""},
		{"", []string{"-passback.mode", "deny"}, ""},
		{"", []string{"-passback.mode", "deny", "-identity.id", "7", "-identity.key_file", key}, ""},
		{"", []string{"-identity.id", "7"}, "identity: id and key_file must be set together"},
		{"", []string{"-identity.key_file", key}, "identity: id and key_file must be set together"},
		{"", []string{"-identity.id", "65536", "-identity.key_file", key}, "identity.id: must be 1 to 65535"},
		{"", []string{"-identity.id", "7", "-identity.key_file", file}, "identity.key_file: is not a key file"},
		{"", []string{"-passback.mode", "Deny"}, "passback: mode must be off, flag or deny"},
		{"", []string{"-passback.window", "1m"}, "passback: window must be 2m5s to 24h"},
		{"", []string{"-passback.unknown", "allow"}, "passback: unknown must be serve, flag or deny"},
		{"", []string{"-ticket.mode", "deny"}, "ticket: mode must be ignore, flag or require"},
		{"", []string{"-ticket.opens", "25h"}, "ticket: opens must be 1m to 24h"},
		{"", []string{"-ticket.mode", "flag"}, "station: must be set, or bookings.all_stations"},
		{"", []string{"-ticket.mode", "flag", "-station", "北京南"}, ""},
		{"", []string{"-ticket.mode", "flag", "-bookings.all_stations=true"}, ""},
		{"", []string{"-station", strings.Repeat("北", 22)}, "station: must be at most 64 bytes"},
		{"", []string{"-station", "北京\a"}, ""},
		{"", []string{"-station", "北京南 "}, "station: must have no space at its ends"},
		{"", []string{"-station", "北京\a", "-passback.mode", "flag"}, `device: passage: station or device is not a name`},
		{"", []string{"-passages.entries", "1"}, "passages.entries: must be 2"},
		{"", []string{"-bookings.entries", "0"}, "bookings.entries: must be 1 to 268435456"},
		{"", []string{"-passages.partitions", "65"}, "passages.partitions: must be 1 to 64"},
		{"", []string{"-passages.clock_error", "2m"}, "passages.clock_error: must be 0 to 1m"},
		{"receipts = true\n", nil, "identity: must be set: a device has receipts = true"},
		{"receipts = true\n", []string{"-identity.id", "7", "-identity.key_file", key}, ""},
		{"[device.passback]\nmode = \"on\"\n", nil, `device[0] "gate-1": passback: mode must be off, flag or deny`},
		{"[device.ticket]\nopens = \"1s\"\n", nil, `device[0] "gate-1": ticket: opens must be 1m to 24h`},
	} {
		err := check(c.device, c.args...)
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s%v: %v, want %q", c.device, c.args, err, c.want)
		}
	}
}
