package provider

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/railgate/railgate/internal/ownfile"
	"github.com/railgate/railgate/test/harness/runtest"
)

// fields lists the settings that an error names.
func fields(t *testing.T, err error) (all []string) {
	t.Helper()
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return nil
	}
	for _, e := range joined.Unwrap() {
		var f *Fault
		if !errors.As(e, &f) {
			t.Fatalf("%v is not a Fault", e)
		}
		all = append(all, f.Field)
	}
	return all
}

func TestAllFaultsOfAConfigurationAreReported(t *testing.T) {
	_, err := New(Config{
		Service: "Face Check", URL: "http://example.org", Timeout: MaxTimeout + 1, Calls: -1, Faults: MaxFaults + 1, Pause: -1, Skew: MaxSkew + 1,
	})
	want := []string{"service", "url", "secret_files", "timeout", "calls", "faults", "pause", "skew"}
	if got := fields(t, err); !slices.Equal(got, want) {
		t.Fatalf("reported %q, want %q: %v", got, want, err)
	}
	if _, err := New(Config{Service: "a", URL: "https://example.org", Secrets: []Secret{NewSecret("k")}}); err != nil {
		t.Fatalf("the smallest configuration: %v", err)
	}
}

func TestURLIsHTTPSOrLoopback(t *testing.T) {
	for text, good := range map[string]bool{
		"https://provider.example/base": true, "https://10.0.0.1:8443": true, "http://127.0.0.1:1": true, "http://[::1]:1/x": true, "http://127.9.9.9": true,
		"http://provider.example": false, "http://10.0.0.1": false, "http://localhost": false, "http://127.0.0.1.example.org": false, "http://0.0.0.0": false,
		"ftp://127.0.0.1": false, "": false, "/path": false, "https://": false, "https://:443": false, "https:opaque": false, "provider.example": false, "https://a b": false,
		"https://user:hunter2@provider.example": false, "https://provider.example?token=hunter2": false, "https://provider.example?": false, "https://provider.example#hunter2": false, "https://hunter2\x7f": false,
	} {
		_, err := ParseURL(text)
		if (err == nil) != good {
			t.Errorf("%q: %v", text, err)
		}
		if err != nil && strings.Contains(err.Error(), "hunter2") {
			t.Errorf("the error repeats %q", text)
		}
	}
}

func TestSecretsAreOneOrTwoAndDiffer(t *testing.T) {
	one, two := SecretOf("one", [32]byte{1}), SecretOf("two", [32]byte{2})
	for what, secrets := range map[string][]Secret{
		"none": {}, "three": {one, two, SecretOf("three", [32]byte{3})}, "twice": {one, one}, "one name": {one, SecretOf("one", [32]byte{2})},
		"one value": {one, SecretOf("two", [32]byte{1})}, "zeros": {SecretOf("one", [32]byte{})}, "no name": {SecretOf("", [32]byte{1})}, "bad name": {SecretOf("a;b", [32]byte{1})},
	} {
		if _, err := NewKeyring(secrets...); err == nil {
			t.Errorf("%s: accepted", what)
		}
	}
}

func TestSecretFileIsParsedStrictlyAndMustBePrivate(t *testing.T) {
	path := filepath.Join(t.TempDir(), "one.secret")
	s := NewSecret("one-2026")
	runtest.Must(t, WriteSecret(path, s))
	if got, err := ReadSecret(path, ownfile.Trust{}); err != nil || got != s {
		t.Fatalf("%v, %v", got, err)
	}
	if err := WriteSecret(path, NewSecret("two")); !errors.Is(err, os.ErrExist) {
		t.Fatalf("an existing secret file was overwritten: %v", err)
	}
	text, err := os.ReadFile(path)
	runtest.Must(t, err)
	good := string(text)
	digits := strings.TrimSuffix(good[strings.LastIndex(good, " ")+1:], "\n")
	for what, bad := range map[string]string{
		"empty": "", "no end": strings.TrimSuffix(good, "\n"), "one line more": good + "\n", "another head": strings.Replace(good, "v1", "v2", 1), "a digit less": strings.Replace(good, digits, digits[1:], 1),
		"capitals": strings.Replace(good, digits, strings.ToUpper(digits[:31])+"A"+digits[32:], 1), "zeros": strings.Replace(good, digits, strings.Repeat("0", 64), 1),
		"bad name": strings.Replace(good, "one-2026", "one 2026", 1), "no name": strings.Replace(good, "key ", "kee ", 1), "huge": good + strings.Repeat("x", 1<<20), "windows": strings.ReplaceAll(good, "\n", "\r\n"),
	} {
		runtest.Must(t, os.WriteFile(path, []byte(bad), 0o600))
		if _, err := ReadSecret(path, ownfile.Trust{}); err == nil {
			t.Errorf("%s: accepted", what)
		} else if strings.Contains(err.Error(), digits[2:20]) {
			t.Errorf("%s: the error contains the secret", what)
		}
	}
	runtest.Must(t, os.WriteFile(path, []byte(good), 0o600))
	runtest.Must(t, os.Chmod(path, 0o640))
	if _, err := ReadSecret(path, ownfile.Trust{}); err == nil || !strings.Contains(err.Error(), "0640") {
		t.Errorf("a file readable by the group: %v", err)
	}
	if _, err := ReadSecret(filepath.Dir(path), ownfile.Trust{}); err == nil {
		t.Error("a directory was read")
	}
}

func TestLoadReadsTheFilesOfTheSettings(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "one.secret")
	runtest.Must(t, WriteSecret(path, NewSecret("one")))
	c, err := Settings{URL: "https://provider.example", SecretFiles: []string{path}, Timeout: time.Second, Calls: 2, Faults: 3, Pause: 4, Skew: 5}.Load("residents", ownfile.Trust{})
	if err != nil || c.Service != "residents" || len(c.Secrets) != 1 || c.Timeout != time.Second || c.Calls != 2 || c.Faults != 3 || c.Pause != 4 || c.Skew != 5 {
		t.Fatalf("%+v, %v", c, err)
	}
	_, err = Settings{URL: "x", SecretFiles: []string{filepath.Join(dir, "none")}, CAFile: path, Timeout: -1}.Load("residents", ownfile.Trust{})
	if got, want := fields(t, err), []string{"secret_files", "ca_file", "url", "timeout"}; !slices.Equal(got, want) {
		t.Fatalf("reported %q, want %q", got, want)
	}
}

func TestAmbiguousJSONIsRefused(t *testing.T) {
	type form struct {
		Decision string `json:"decision"`
		Other    string `json:"other"`
	}
	for text, want := range map[string]form{
		`{"decision":"passed"}`: {Decision: "passed"}, ` { } `: {}, `{"other":"\u4e2d","decision":""}`: {Other: "中"},
	} {
		if got := (form{}); ReadJSON([]byte(text), &got) != nil || got != want {
			t.Errorf("%s was read as %+v", text, got)
		}
	}
	for _, bad := range []string{
		"", "null", `"passed"`, "[]", "{", `{}{}`, `{} x`, `{"decision":"failed","decision":"passed"}`, `{"Decision":"passed"}`, `{"decision":"failed","DECISION":"passed"}`,
		`{"decision":null}`, `{"decision":true}`, `{"decision":["passed"]}`, `{"decision":{"decision":"passed"}}`, `{"unknown":"x"}`, "{\"decision\":\"\xff\"}", `{"decision":"passed",}`,
		`{'decision':'passed'}`, "\ufeff{}", strings.Repeat(`{"decision":`, 10000), `{"decıſion":"passed"}`,
	} {
		got := form{}
		err := ReadJSON([]byte(bad), &got)
		if err == nil {
			t.Errorf("%.80s was read as %+v", bad, got)
		} else if err != errJSON {
			t.Errorf("%.80s: the error may quote the text", bad)
		}
	}
}

// A proxy from the environment could read personal data.
func TestTransportUsesNoProxyAndNoSharedConnections(t *testing.T) {
	t.Setenv("HTTPS_PROXY", "http://127.0.0.1:1")
	tr := newTransport(nil, 7)
	if tr.Proxy != nil {
		t.Error("the transport uses a proxy")
	}
	if !tr.DisableKeepAlives || tr.Protocols.HTTP2() || tr.MaxConnsPerHost != 7 {
		t.Error("calls share connections or are not bounded")
	}
}
