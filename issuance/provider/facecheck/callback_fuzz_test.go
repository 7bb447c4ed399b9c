package facecheck

import (
	"bytes"
	"encoding/json"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/railgate/railgate/issuance/provider"
)

// A signed callback decides the check in progress only if it is in canonical form. Another JSON decoder reads
// the same decision.
func FuzzCallback(f *testing.F) {
	now := time.Unix(1770768000, 0)
	waiting, _ := provider.ParseID("000102030405060708090a0b0c0d0e0f")
	const path = "/v1/face-check/callback"
	secret := provider.SecretOf("one", [provider.SecretSize]byte{1})
	keys, err := provider.NewKeyring(secret)
	if err != nil {
		f.Fatal(err)
	}
	c, err := NewHTTP(Config{
		Client:      provider.Config{URL: "http://127.0.0.1:1", Secrets: []provider.Secret{secret}, Now: func() time.Time { return now }},
		CallbackURL: "https://issuer.example" + path, Label: "fuzz", Waiting: 1,
	})
	if err != nil {
		f.Fatal(err)
	}
	f.Add([]byte(`{"request":"000102030405060708090a0b0c0d0e0f","decision":"passed"}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		c.ledger = newLedger(1)
		check, ok := c.ledger.begin(waiting)
		if !ok {
			t.Fatal("the check was refused")
		}
		r := httptest.NewRequest("POST", path, bytes.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set(provider.SignatureHeader, keys.SignRequest(path, provider.NewID(), body, now).String())
		w := httptest.NewRecorder()
		c.Callback().ServeHTTP(w, r)

		if w.Code != 200 {
			if check.decision != pending || w.Code != 400 && w.Code != 413 || w.Body.Len() > 0 {
				t.Fatalf("%q was answered %d %q, and the check is %q", body, w.Code, w.Body, check.decision)
			}
			return
		}
		var names map[string]string
		if err := json.Unmarshal(body, &names); err != nil || len(names) != 2 {
			t.Fatalf("%q was accepted and has %d fields: %v", body, len(names), err)
		}
		want := pending
		if names["request"] == waiting.String() {
			want = decision(names["decision"])
		}
		if check.decision != want || want != pending && !want.final() {
			t.Fatalf("%q made the check %q", body, check.decision)
		}
	})
}
