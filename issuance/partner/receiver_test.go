package partner_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/railgate/railgate/issuance/partner"
	"github.com/railgate/railgate/issuance/partner/partnertest"
)

func TestAReceiverReadsNothingThatIsNotSigned(t *testing.T) {
	keys, err := partner.NewKeyring(partnertest.Secret("one"))
	if err != nil {
		t.Fatal(err)
	}
	stranger, err := partner.NewKeyring(partnertest.Secret("two"))
	if err != nil {
		t.Fatal(err)
	}
	now := time.Unix(1770768000, 0)
	v := partner.Receiver{Keys: keys, Path: "/callback", Skew: 30 * time.Second, Now: func() time.Time { return now }, MaxBody: 64}
	const body = `{"decision":"passed"}`
	sign := func(k *partner.Keyring, path, body string, at time.Time) string {
		return k.SignRequest(path, partner.NewID(), []byte(body), at).String()
	}
	for name, c := range map[string]struct {
		method, signature, kind, body string
		want                          error
		status                        int
	}{
		"good":           {"POST", sign(keys, "/callback", body, now), "application/json", body, nil, 200},
		"a GET":          {"GET", sign(keys, "/callback", body, now), "application/json", body, partner.ErrMethod, 405},
		"unsigned":       {"POST", "", "application/json", body, partner.ErrSignature, 401},
		"a stranger":     {"POST", sign(stranger, "/callback", body, now), "application/json", body, partner.ErrSignature, 401},
		"another path":   {"POST", sign(keys, "/v1/checks", body, now), "application/json", body, partner.ErrSignature, 401},
		"another body":   {"POST", sign(keys, "/callback", body, now), "application/json", `{"decision":"failed"}`, partner.ErrSignature, 401},
		"old":            {"POST", sign(keys, "/callback", body, now.Add(-time.Minute)), "application/json", body, partner.ErrSignature, 401},
		"huge":           {"POST", sign(keys, "/callback", body, now), "application/json", body + strings.Repeat(" ", 64), partner.ErrSize, 413},
		"plain text":     {"POST", sign(keys, "/callback", body, now), "text/plain", body, partner.ErrForm, 400},
		"signed garbage": {"POST", sign(keys, "/callback", "[]", now), "application/json", "[]", partner.ErrForm, 400},
	} {
		r := httptest.NewRequest(c.method, "/behind/a/proxy", strings.NewReader(c.body))
		r.Header.Set(partner.SignatureHeader, c.signature)
		r.Header.Set("Content-Type", c.kind)
		w := httptest.NewRecorder()
		var read struct {
			Decision string `json:"decision"`
		}
		s, err := v.Read(w, r, &read)
		if !errors.Is(err, c.want) || (read.Decision != "") != (err == nil) {
			t.Errorf("%s: %v, read %+v", name, err, read)
		}
		if err != nil {
			v.Refuse(w, err)
		} else {
			v.Answer(w, s, 200, struct{}{})
			theirs, ok := partner.ParseSignature(w.Header().Get(partner.SignatureHeader))
			if !ok || !keys.VerifyAnswer(theirs, s, 200, w.Body.Bytes(), now, 0) {
				t.Errorf("%s: the answer is not signed", name)
			}
		}
		if w.Code != c.status || c.want != nil && (w.Body.Len() > 0 || w.Header().Get(partner.SignatureHeader) != "") {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
		}
	}
	broken := httptest.NewRequest(http.MethodPost, "/callback", brokenReader{})
	broken.Header.Set(partner.SignatureHeader, sign(keys, "/callback", body, now))
	if _, err := v.Read(httptest.NewRecorder(), broken, new(struct{})); !errors.Is(err, partner.ErrCut) {
		t.Errorf("a body that broke off: %v", err)
	}
	broken.Header.Set(partner.SignatureHeader, sign(keys, "/callback", body, now.Add(-time.Minute)))
	if _, err := v.Read(httptest.NewRecorder(), broken, new(struct{})); !errors.Is(err, partner.ErrSignature) {
		t.Errorf("an old body was read: %v", err)
	}
}

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, errors.New("broken") }
