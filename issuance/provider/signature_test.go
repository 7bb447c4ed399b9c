package provider

import (
	"encoding/hex"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/railgate/railgate/test/harness/runtest"
)

var (
	zeros = strings.Repeat("0", 32)
	now   = time.Unix(1770768000, 0)
)

func ring(t testing.TB, keys ...string) *Keyring {
	t.Helper()
	var secrets []Secret
	for i, key := range keys {
		secrets = append(secrets, SecretOf(key, [SecretSize]byte{byte(i + 1)}))
	}
	k, err := NewKeyring(secrets...)
	runtest.Must(t, err)
	return k
}

func TestSignatureHasOneSpelling(t *testing.T) {
	good := "v1;key=one-2;time=1770768000;id=" + zeros + ";mac=" + zeros + zeros
	s, ok := ParseSignature(good)
	if !ok || s.Key != "one-2" || s.Seconds != 1770768000 || s.String() != good {
		t.Fatalf("%+v, %v", s, ok)
	}
	for _, change := range [][2]string{
		{"v1", "v2"}, {"v1", "V1"}, {"v1;", ""}, {"key=one-2", "key="}, {"one-2", "One"}, {"one-2", strings.Repeat("k", 33)}, {"one-2", "a b"}, {"one-2", "a\n"},
		{"key=", "kid="}, {"=1770768000", "=01770768000"}, {"=1770768000", "=+1770768000"}, {"=1770768000", "=-1"}, {"=1770768000", "="},
		{"=1770768000", "=253402300800"}, {"=1770768000", "=9223372036854775808"}, {"=1770768000", "=1.5"}, {"id=0", "id="}, {"id=0", "id=00"}, {"id=0", "id=A"},
		{"mac=0", "mac="}, {"mac=0", "mac=00"}, {"mac=0", "mac=F"}, {"mac=0", "mac=g"}, {";mac", "; mac"}, {";mac", ";;mac"}, {";mac", ",mac"}, {"v1", " v1"}, {"id=0", "id= "},
	} {
		if bad := strings.Replace(good, change[0], change[1], 1); bad == good {
			t.Errorf("%q changes nothing", change)
		} else if _, ok := ParseSignature(bad); ok {
			t.Errorf("%q is accepted", bad)
		}
	}
	for _, bad := range []string{"", good + ";", good + " ", good + good, "v1;time=1;key=a;id=" + zeros + ";mac=" + zeros + zeros, strings.Repeat(";", 1<<20)} {
		if _, ok := ParseSignature(bad); ok {
			t.Errorf("%.80q is accepted", bad)
		}
	}
	if _, ok := signatureOf(http.Header{SignatureHeader: {good, good}}); ok {
		t.Error("two signatures are accepted")
	}
}

func FuzzParseSignature(f *testing.F) {
	f.Add("v1;key=one-2;time=1770768000;id=" + zeros + ";mac=" + zeros + zeros)
	k := ring(f, "one", "two")
	f.Fuzz(func(t *testing.T, text string) {
		s, ok := ParseSignature(text)
		if !ok {
			if s != (Signature{}) {
				t.Fatalf("%q is refused and parsed as %+v", text, s)
			}
			return
		}
		if s.String() != text {
			t.Fatalf("%q is parsed and printed as %q", text, s)
		}
		if strings.ContainsAny(text, "\r\n") {
			t.Fatalf("%q is accepted", text)
		}
		// The fuzzer does not know the secret.
		for _, at := range []time.Time{now, time.Unix(s.Seconds, 0)} {
			if k.VerifyRequest(s, "/", nil, at, time.Minute) || k.VerifyAnswer(s, s, 200, nil, at, time.Minute) {
				t.Fatalf("%q is verified", text)
			}
		}
	})
}

// The expected MACs were computed from the package comment alone, with another implementation of HMAC
// (Python's hmac module): a provider that follows the comment is compatible.
func TestSignaturesMatchTheDocumentedProtocol(t *testing.T) {
	k := ring(t, "one")
	id, _ := ParseID("000102030405060708090a0b0c0d0e0f")
	request := k.SignRequest("/v1/checks", id, []byte(`{"a":"b"}`), now)
	answer := k.SignAnswer(request, 202, []byte(`{}`), now.Add(time.Second))
	const wantRequest = "76614cd904a0488142af652db0df828f4611dd9e7e9b80bc9dc44868952a1f38"
	const wantAnswer = "417ad47642ea7372d6d31e9cdc1c06e7aed0affcc548f23e87009c4338e6acd8"
	if got := hex.EncodeToString(request.MAC[:]); got != wantRequest {
		t.Errorf("request %s, want %s", got, wantRequest)
	}
	if got := hex.EncodeToString(answer.MAC[:]); got != wantAnswer {
		t.Errorf("answer %s, want %s", got, wantAnswer)
	}
}

// A change of any part makes the signature invalid.
func TestSignatureCoversEveryPart(t *testing.T) {
	k, other := ring(t, "one"), ring(t, "two", "one") // the same key names, other secrets
	const skew = 30 * time.Second
	id := NewID()
	body := []byte(`{}`)
	s := k.SignRequest("/v1/checks", id, body, now)
	verify := func(s Signature, path, body string, at time.Time) bool {
		return k.VerifyRequest(s, path, []byte(body), at, skew)
	}
	if !verify(s, "/v1/checks", "{}", now) {
		t.Fatal("a good request is refused")
	}
	later, named, renamed := s, s, s
	later.Seconds++
	named.ID = NewID()
	renamed.Key = "two"
	for what, good := range map[string]bool{
		"path": verify(s, "/v1/check", "{}", now), "body": verify(s, "/v1/checks", "{} ", now), "time": verify(later, "/v1/checks", "{}", now),
		"id": verify(named, "/v1/checks", "{}", now), "key": verify(renamed, "/v1/checks", "{}", now),
		"secret":       other.VerifyRequest(s, "/v1/checks", body, now, skew),
		"too old":      verify(s, "/v1/checks", "{}", now.Add(skew+time.Second)),
		"of to-morrow": verify(s, "/v1/checks", "{}", now.Add(-skew-1)),
		"an answer":    k.VerifyAnswer(s, s, 200, body, now, skew),
	} {
		if good {
			t.Errorf("%s: still valid", what)
		}
	}
	for _, at := range []time.Duration{-skew, skew, skew + time.Second - 1} {
		if !verify(s, "/v1/checks", "{}", now.Add(at)) {
			t.Errorf("refused at %v, which is within the bound", at)
		}
	}
	a := k.SignAnswer(s, 200, body, now)
	if !k.VerifyAnswer(a, s, 200, body, now, skew) {
		t.Fatal("a good answer is refused")
	}
	again := k.SignRequest("/v1/checks", id, []byte(`{"x":"y"}`), now)
	if k.VerifyAnswer(a, again, 200, body, now, skew) || k.VerifyAnswer(a, s, 202, body, now, skew) || k.VerifyAnswer(a, named, 200, body, now, skew) {
		t.Error("an answer is valid for another request or status")
	}
	if k.VerifyRequest(a, "/v1/checks", body, now, skew) {
		t.Error("an answer is valid as a request")
	}
}

// The two sides change the secret one after the other, and no call fails.
func TestSecretIsChangedWithoutFailedCalls(t *testing.T) {
	before, after := SecretOf("a", [32]byte{1}), SecretOf("b", [32]byte{2})
	steps := [][]Secret{{before}, {before, after}, {after, before}, {after}}
	for i := range steps {
		for j := max(0, i-1); j <= min(len(steps)-1, i+1); j++ {
			ours, err := NewKeyring(steps[i]...)
			runtest.Must(t, err)
			theirs, err := NewKeyring(steps[j]...)
			runtest.Must(t, err)
			s := ours.SignRequest("/", NewID(), nil, now)
			if !theirs.VerifyRequest(s, "/", nil, now, 0) || !ours.VerifyAnswer(theirs.SignAnswer(s, 200, nil, now), s, 200, nil, now, 0) {
				t.Errorf("steps %d and %d are not compatible", i, j)
			}
		}
	}
	old, _ := NewKeyring(before)
	if last, _ := NewKeyring(after); last.VerifyRequest(old.SignRequest("/", NewID(), nil, now), "/", nil, now, 0) {
		t.Error("a removed secret is still accepted")
	}
}

func TestSecretIsNeverPrinted(t *testing.T) {
	s := SecretOf("one", [32]byte([]byte("sesamesesamesesamesesamesesame!!")))
	k, err := NewKeyring(s)
	runtest.Must(t, err)
	c := Config{Secrets: []Secret{s}}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%d", "%q"} {
		for _, v := range []any{s, &s, k, c, &c, []Secret{s}} {
			if text := fmt.Sprintf(verb, v); strings.Contains(text, "sesame") || strings.Contains(text, hex.EncodeToString([]byte("sesame"))) || strings.Contains(text, "115 101 115") || strings.Contains(text, "0x73, 0x65") {
				t.Errorf("%s prints %s", verb, text)
			}
		}
	}
}
