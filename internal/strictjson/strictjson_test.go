package strictjson

import (
	"encoding/json"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
)

type form struct {
	Name     string `json:"name"`
	Location *struct {
		Latitude *float64 `json:"latitude,omitempty"`
	} `json:"location,omitempty"`
}

// vectors maps texts to the expected error; nil: accepted.
var vectors = map[string]error{
	`{"name":"x","location":{"latitude":1}}`: nil, `{}`: nil, " { }\n": nil, `{"name":"\u4e2d"}`: nil, `{"name":"\ud800"}`: nil,
	"": errSyntax, "{": errSyntax, `{"name":"x",}`: errSyntax, `{'name':'x'}`: errSyntax, "\ufeff{}": errSyntax, `{"name" "x"}`: errSyntax, `{"location":{"latitude":1e999}}`: errSyntax,
	"null": errKind, `"name"`: errKind, "[]": errKind, "1": errKind,
	"{}{}": errTrailing, "{} x": errTrailing, "{}null": errTrailing,
	`{"name":"x","name":"y"}`: errTwice, `{"location":{"latitude":1,"latitude":1}}`: errTwice, `{"name":"x","n\u0061me":"y"}`: errTwice,
	`{"Name":"x"}`: errName, `{"name":"x","NAME":"y"}`: errName, `{"na\u0131me":"x"}`: errName, `{"name ":"x"}`: errName,
	`{"name":null}`: errNull, `{"location":null}`: errNull, `{"location":{"latitude":null}}`: errNull, `{"name":[null]}`: errNull,
	`{"unknown":"x"}`: errForm, `{"":"x"}`: errForm, `{"location":{"name":"x"}}`: errForm,
	`{"name":[[[[1]]]]}`: errDepth, strings.Repeat(`{"name":`, 10000): errDepth,
	"{\"name\":\"\xff\"}": errUTF8,
}

func TestAmbiguousTextIsRefused(t *testing.T) {
	for text, want := range vectors {
		if err := Read([]byte(text), new(form)); err != want {
			t.Errorf("%.80s: %v, want %v", text, err, want)
		}
	}
	for text, want := range map[string]string{
		`{"name":7}`: wrong("name"), `{"name":{"name":"x"}}`: wrong("name"), `{"location":"x"}`: wrong("location"),
		`{"location":{"latitude":"x"}}`: wrong("location.latitude"),
	} {
		if err := Read([]byte(text), new(form)); err == nil || err.Error() != want {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
}

func wrong(field string) string { return "field " + field + " has the wrong type" }

// closed reports whether an error is one of the errors that do not quote the text.
func closed(err error) bool {
	all := []error{errUTF8, errSyntax, errKind, errTrailing, errDepth, errTwice, errName, errNull, errForm}
	texts := []string{wrong("name"), wrong("location"), wrong("location.latitude")}
	return slices.Contains(all, err) || slices.Contains(texts, err.Error())
}

func TestDeclared(t *testing.T) {
	for kind, want := range map[string]bool{
		"application/json": true, "Application/JSON": true, "application/json; charset=UTF-8": true, "application/json;charset=utf-8": true,
		"": false, "text/plain": false, "application/json; charset=gbk": false, "application/json; charset=": false, "application/problem+json": false, "application/json, text/plain": false,
	} {
		if got := Declared(http.Header{"Content-Type": {kind}}); got != want {
			t.Errorf("%q: %v, want %v", kind, got, want)
		}
	}
}

// FuzzRead reads arbitrary text. Errors must not quote it. An accepted text must give
// the same values after encoding with encoding/json.
func FuzzRead(f *testing.F) {
	for text := range vectors {
		f.Add([]byte(text))
	}
	f.Add([]byte(`{"name":1}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		var v, w form
		if err := Read(text, &v); err != nil {
			if !closed(err) {
				t.Fatalf("the error may quote the text: %v", err)
			}
			return
		}
		encoded, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		if err := Read(encoded, &w); err != nil || !reflect.DeepEqual(v, w) {
			t.Fatalf("%s was read as %+v and encoded as %s: %+v, %v", text, v, encoded, w, err)
		}
		var names map[string]any
		if json.Unmarshal(text, &names) != nil {
			t.Fatalf("%q was accepted and is not JSON", text)
		}
		for name := range names {
			if name != "name" && name != "location" {
				t.Fatalf("the unknown field %q was accepted", name)
			}
		}
	})
}
