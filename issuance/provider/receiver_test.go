package provider_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/railgate/railgate/issuance/provider"
	"github.com/railgate/railgate/test/fakeprovider"
	"github.com/railgate/railgate/test/harness/runtest"
)

func TestReceiverRefusesUnsignedRequests(t *testing.T) {
	keys, err := provider.NewKeyring(fakeprovider.Secret("one"))
	runtest.Must(t, err)
	stranger, err := provider.NewKeyring(fakeprovider.Secret("two"))
	runtest.Must(t, err)
	now := time.Unix(1770768000, 0)
	v := provider.Receiver{Keys: keys, Path: "/callback", Skew: 30 * time.Second, Now: func() time.Time { return now }, MaxBody: 64}
	const body = `{"decision":"passed"}`
	sign := func(k *provider.Keyring, path, body string, at time.Time) string {
		return k.SignRequest(path, provider.NewID(), []byte(body), at).String()
	}
	for name, c := range map[string]struct {
		method, signature, kind, body string
		want                          error
		status                        int
	}{
		"good":           {"POST", sign(keys, "/callback", body, now), "application/json", body, nil, 200},
		"a GET":          {"GET", sign(keys, "/callback", body, now), "application/json", body, provider.ErrMethod, 405},
		"unsigned":       {"POST", "", "application/json", body, provider.ErrSignature, 401},
		"a stranger":     {"POST", sign(stranger, "/callback", body, now), "application/json", body, provider.ErrSignature, 401},
		"another path":   {"POST", sign(keys, "/v1/checks", body, now), "application/json", body, provider.ErrSignature, 401},
		"another body":   {"POST", sign(keys, "/callback", body, now), "application/json", `{"decision":"failed"}`, provider.ErrSignature, 401},
		"old":            {"POST", sign(keys, "/callback", body, now.Add(-time.Minute)), "application/json", body, provider.ErrSignature, 401},
		"huge":           {"POST", sign(keys, "/callback", body, now), "application/json", body + strings.Repeat(" ", 64), provider.ErrSize, 413},
		"plain text":     {"POST", sign(keys, "/callback", body, now), "text/plain", body, provider.ErrFormat, 400},
		"signed garbage": {"POST", sign(keys, "/callback", "[]", now), "application/json", "[]", provider.ErrFormat, 400},
	} {
		r := httptest.NewRequest(c.method, "/behind/a/proxy", strings.NewReader(c.body))
		r.Header.Set(provider.SignatureHeader, c.signature)
		r.Header.Set("Content-Type", c.kind)
		w := httptest.NewRecorder()
		var read struct {
			Decision string `json:"decision"`
		}
		s, err := v.ReadRequest(w, r, &read)
		if !errors.Is(err, c.want) || (read.Decision != "") != (err == nil) {
			t.Errorf("%s: %v, read %+v", name, err, read)
		}
		if err != nil {
			v.WriteError(w, err)
		} else {
			v.WriteAnswer(w, s, 200, struct{}{})
			theirs, ok := provider.ParseSignature(w.Header().Get(provider.SignatureHeader))
			if !ok || !keys.VerifyAnswer(theirs, s, 200, w.Body.Bytes(), now, 0) {
				t.Errorf("%s: the answer is not signed", name)
			}
		}
		if w.Code != c.status || c.want != nil && (w.Body.Len() > 0 || w.Header().Get(provider.SignatureHeader) != "") {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
		}
	}
	broken := httptest.NewRequest(http.MethodPost, "/callback", brokenReader{})
	broken.Header.Set(provider.SignatureHeader, sign(keys, "/callback", body, now))
	if _, err := v.ReadRequest(httptest.NewRecorder(), broken, new(struct{})); !errors.Is(err, provider.ErrTruncated) {
		t.Errorf("a truncated body: %v", err)
	}
	broken.Header.Set(provider.SignatureHeader, sign(keys, "/callback", body, now.Add(-time.Minute)))
	if _, err := v.ReadRequest(httptest.NewRecorder(), broken, new(struct{})); !errors.Is(err, provider.ErrSignature) {
		t.Errorf("the body of an expired request was read: %v", err)
	}
}

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, errors.New("broken") }
