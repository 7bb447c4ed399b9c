package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http/httptest"
	"reflect"
	"testing"

	"github.com/railgate/railgate/issuance/refusal"
)

// Whatever comes in is read in one meaning or refused with a code: what was
// read, written again by the book, is read the same.
func FuzzReadJSON(f *testing.F) {
	type form struct {
		Name     string `json:"name"`
		Location *struct {
			Latitude *float64 `json:"latitude,omitempty"`
		} `json:"location,omitempty"`
	}
	for _, seed := range []string{
		`{"name":"x","location":{"latitude":1}}`, `{}`, `{"name":"x","name":"y"}`, `{"Name":"x"}`, `{"name":1}`, `[]`, `{}{}`, "{\"name\":\"\xff\"}", `{"name":"\ud800"}`, `{"location":{"latitude":1e999}}`, `{"location":null}`,
	} {
		f.Add([]byte(seed))
	}
	read := func(body []byte) (v form, err error) {
		r := httptest.NewRequest("POST", "/", bytes.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		return v, readJSON(httptest.NewRecorder(), r, &v)
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		v, err := read(body)
		var refusal *refusal.Refusal
		if err != nil && !errors.As(err, &refusal) {
			t.Fatalf("an error that is no refusal: %v", err)
		}
		if err != nil {
			return
		}
		again, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		if w, err := read(again); err != nil || !reflect.DeepEqual(v, w) {
			t.Fatalf("%s was read as %+v and written as %s: %+v, %v", body, v, again, w, err)
		}
		var names map[string]any
		if json.Unmarshal(body, &names) != nil {
			t.Fatalf("%q was read and is not JSON", body)
		}
		for name := range names {
			if name != "name" && name != "location" {
				t.Fatalf("a field %q was read", name)
			}
		}
	})
}
