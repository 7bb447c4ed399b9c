package strictjson

import (
	"encoding/json"
	"reflect"
	"testing"
)

// Whatever comes in is read in one meaning or refused in words of ours: what was
// read, written again by the book, is read the same.
func FuzzRead(f *testing.F) {
	for text := range vectors {
		f.Add([]byte(text))
	}
	f.Add([]byte(`{"name":1}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		var v, w form
		if err := Read(text, &v); err != nil {
			if !closed(err) {
				t.Fatalf("an error that may quote what was sent: %v", err)
			}
			return
		}
		again, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		if err := Read(again, &w); err != nil || !reflect.DeepEqual(v, w) {
			t.Fatalf("%s was read as %+v and written as %s: %+v, %v", text, v, again, w, err)
		}
		var names map[string]any
		if json.Unmarshal(text, &names) != nil {
			t.Fatalf("%q was read and is not JSON", text)
		}
		for name := range names {
			if name != "name" && name != "location" {
				t.Fatalf("a field %q was read", name)
			}
		}
	})
}
