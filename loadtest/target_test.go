//go:build unix

package loadtest

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

var hex64 = strings.Repeat("0a", 32)

func goodTarget() string {
	return fmt.Sprintf(`{"gateway":"http://127.0.0.1:8080","issuer":"http://127.0.0.1:8081","device":"rgd_%s","staff":"rgs_%s","load_key":{"id":40001,"seed":"%s"}}`, hex64, hex64, hex64)
}

func writeTarget(t *testing.T, text string, mode os.FileMode) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "target.json")
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil { // independent of the umask
		t.Fatal(err)
	}
	return path
}

func TestTargetFileIsRead(t *testing.T) {
	got, err := ReadTarget(writeTarget(t, goodTarget(), 0o600))
	if err != nil {
		t.Fatal(err)
	}
	if got.Gateway != "http://127.0.0.1:8080" || got.LoadKey.ID != 40001 || got.LoadKey.Seed[31] != 0x0a {
		t.Errorf("parsed as %s, key %d", got.Gateway, got.LoadKey.ID)
	}
	if err := errors.Join(got.Validate(true), got.Loopback()); err != nil {
		t.Error(err)
	}
}

func TestTargetFileIsParsedStrictly(t *testing.T) {
	good := goodTarget()
	for name, c := range map[string]struct{ text, complaint string }{
		"unknown key":       {strings.Replace(good, `"issuer"`, `"isuer"`, 1), `"isuer"`},
		"unknown inner key": {strings.Replace(good, `"id"`, `"kid"`, 1), `"load_key.kid"`},
		"other case":        {strings.Replace(good, `"gateway"`, `"Gateway"`, 1), `"Gateway"`},
		"twice":             {strings.Replace(good, `{"gateway"`, `{"staff":"x","gateway"`, 1), "repeated"},
		"inner twice":       {strings.Replace(good, `{"id"`, `{"id":1,"id"`, 1), "repeated"},
		"null":              {strings.Replace(good, `"http://127.0.0.1:8081"`, `null`, 1), "null"},
		"not an object":     {`[]`, "object"},
		"key not an object": {strings.Replace(good, `{"id":40001,"seed":"`+hex64+`"}`, `[1]`, 1), "load_key"},
		"something after":   {good + `{}`, "follows"},
		"cut":               {good[:len(good)-1], "JSON"},
		"empty":             {``, "object"},
		"short seed":        {strings.Replace(good, `"seed":"0a`, `"seed":"`, 1), "64"},
		"upper-case seed":   {strings.Replace(good, `"seed":"0a`, `"seed":"0A`, 1), "64"},
		"id over 16 bits":   {strings.Replace(good, `40001`, `65536`, 1), "65536"},
		"too large":         {good + strings.Repeat(" ", MaxTargetFile), "larger"},
	} {
		_, err := ReadTarget(writeTarget(t, c.text, 0o600))
		if err == nil || !strings.Contains(err.Error(), c.complaint) {
			t.Errorf("%s: got error %v, expected one with %q", name, err, c.complaint)
		}
		if err != nil && strings.Contains(err.Error(), hex64[2:]) {
			t.Errorf("%s: the error contains a secret", name)
		}
	}
}

func TestTargetFileReadableByOthersIsRefused(t *testing.T) {
	for _, mode := range []os.FileMode{0o640, 0o604, 0o620, 0o666} {
		_, err := ReadTarget(writeTarget(t, goodTarget(), mode))
		if err == nil || !strings.Contains(err.Error(), "chmod 600") {
			t.Errorf("mode %04o: got %v", mode, err)
		}
	}
}

func TestTargetFileOfAnotherUserIsRefused(t *testing.T) {
	path := writeTarget(t, goodTarget(), 0o600)
	if os.Getuid() != 0 || os.Chown(path, 12345, 12345) != nil {
		t.Skip("only root can change the owner of a file")
	}
	if _, err := ReadTarget(path); err == nil || !strings.Contains(err.Error(), "another user") {
		t.Errorf("got %v", err)
	}
}

func TestIrregularFileIsRefusedWithoutBlocking(t *testing.T) {
	dir := t.TempDir()
	pipe := filepath.Join(dir, "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(dir, "link")
	if err := os.Symlink(writeTarget(t, goodTarget(), 0o600), link); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{dir, pipe, link} {
		if _, err := ReadTarget(path); err == nil || !strings.Contains(err.Error(), "regular file") {
			t.Errorf("%s: got %v", filepath.Base(path), err)
		}
	}
	if _, err := ReadTarget(filepath.Join(dir, "none")); !errors.Is(err, ErrNoTarget) {
		t.Errorf("missing file: got %v", err)
	}
}

func TestSecondDevice(t *testing.T) {
	other := strings.Repeat("0b", 32)
	text := strings.Replace(goodTarget(), `{"gateway"`, `{"second":"rgd_`+other+`","second_gateway":"http://127.0.0.1:8082","gateway"`, 1)
	got, err := ReadTarget(writeTarget(t, text, 0o600))
	if err != nil || got.Second != "rgd_"+other || got.secondGateway() != "http://127.0.0.1:8082" {
		t.Fatalf("%v, second gateway %q", err, got.secondGateway())
	}
	if err := got.Validate(true); err != nil {
		t.Error(err)
	}
	for complaint, spoil := range map[string]func(*Target){
		"field second:":         func(g *Target) { g.Second = g.Device },
		"field second: ":        func(g *Target) { g.Second = "" },
		"field second_gateway:": func(g *Target) { g.SecondGateway = g.Gateway },
	} {
		bad := got
		spoil(&bad)
		if err := bad.Validate(true); err == nil || !strings.Contains(err.Error(), complaint) {
			t.Errorf("%s got %v", complaint, err)
		}
	}
	got.SecondGateway = "http://192.0.2.1:8082"
	if err := got.Loopback(); err == nil || !strings.Contains(err.Error(), "second gateway") {
		t.Errorf("a second gateway elsewhere: %v", err)
	}
	if got.device(DefaultMix) != got.Device || got.device(Mix{Fresh: 1, Reused: 1}) != got.Device {
		t.Error("another device than the only one")
	}
	got.Passback = "rgd_" + strings.Repeat("0c", 32)
	if got.device(DefaultMix) != got.Device || got.device(Mix{Fresh: 1, Reused: 1}) != got.Passback {
		t.Error("the device with passback is not that of reused codes alone")
	}
	got.Second = got.Passback
	if err := got.Validate(true); err == nil || !strings.Contains(err.Error(), "field second:") {
		t.Errorf("the second device is the first: %v", err)
	}
	got.Passback = "rgd_"
	if err := got.Validate(true); err == nil || !strings.Contains(err.Error(), "field passback:") {
		t.Errorf("half a credential: %v", err)
	}
	if got.SecondGateway = ""; got.secondGateway() != got.Gateway {
		t.Errorf("the second device is at %s", got.secondGateway())
	}
}

func TestEveryMissingFieldIsNamed(t *testing.T) {
	err := new(Target).Validate(true)
	for _, field := range []string{"gateway", "issuer", "device", "staff", "load_key"} {
		if err == nil || !strings.Contains(err.Error(), "field "+field) {
			t.Errorf("the error lacks the missing field %s: %v", field, err)
		}
	}
	if err := new(Target).Validate(false); strings.Contains(err.Error(), "issuer") {
		t.Errorf("a run without revoked codes needs no issuer: %v", err)
	}
}

func TestOnlyLoopbackTargetsAreAllowed(t *testing.T) {
	for url, fine := range map[string]bool{
		"http://127.0.0.1:8080": true, "http://127.9.9.9:1": true, "http://[::1]:8080": true, "http://localhost:8080": true,
		"http://10.0.0.1:8080": false, "http://gateway.example:8080": false, "https://[2001:db8::1]:1": false,
		"http://localhost.example:1": false, "http://0.0.0.0:8080": false,
	} {
		target := Target{Gateway: url, Issuer: "http://127.0.0.1:8081"}
		swapped := Target{Gateway: target.Issuer, Issuer: url}
		for _, err := range []error{target.Loopback(), swapped.Loopback()} {
			if (err == nil) != fine {
				t.Errorf("%s: got %v", url, err)
			}
			if err != nil && !strings.Contains(err.Error(), "-allow-remote") {
				t.Errorf("%s: the error does not name -allow-remote: %v", url, err)
			}
		}
	}
}

func TestURLsAreSchemeAndHostOnly(t *testing.T) {
	for _, url := range []string{"", "127.0.0.1:8080", "ftp://127.0.0.1", "http://127.0.0.1:8080/", "http://127.0.0.1/v1", "http://u:p@127.0.0.1", "http://", "http://127.0.0.1?x"} {
		if host := hostOf(url); host != "" {
			t.Errorf("%q is accepted with host %q", url, host)
		}
	}
}

func TestSeedIsNotPrinted(t *testing.T) {
	key, err := ParseLoadKey("40001:" + hex64)
	if err != nil {
		t.Fatal(err)
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%x", "%s", "%d"} {
		for _, out := range []string{fmt.Sprintf(verb, key.Seed), fmt.Sprintf(verb, Target{LoadKey: key})} {
			if strings.Contains(out, "0a0a") || strings.Contains(out, "10 10") || strings.Contains(out, "0xa") {
				t.Errorf("%s shows the seed", verb)
			}
		}
	}
	if text, _ := key.Seed.MarshalText(); string(text) != hex64 {
		t.Error("MarshalText and UnmarshalText differ")
	}
	for _, bad := range []string{"", "40001", "65536:" + hex64, "1:" + hex64[2:], "-1:" + hex64} {
		if _, err := ParseLoadKey(bad); err == nil {
			t.Errorf("load key %q is accepted", bad)
		}
	}
}
