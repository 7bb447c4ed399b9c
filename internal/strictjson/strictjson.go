// Package strictjson reads one JSON object in one meaning or not at all: two
// readers of one text must never see two meanings. encoding/json takes names in
// any case, the last of two, and null for anything; this package does not.
//
// It bounds depth, not size: who calls it has the whole text already. A name that
// is missing leaves its field as it was; that is for the caller to judge.
package strictjson

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"strings"
	"unicode/utf8"
)

// maxDepth bounds how deep a text may nest; the deepest of ours is 3.
const maxDepth = 4

// Why a text is not read, in words for who sent it. They never quote it: it may
// speak of a person, and the decoder's own texts would.
var (
	errUTF8     = errors.New("the body is not UTF-8")
	errSyntax   = errors.New("the body is not JSON")
	errKind     = errors.New("the body must be one JSON object")
	errTrailing = errors.New("something follows the JSON object")
	errDepth    = errors.New("the body nests too deep")
	errTwice    = errors.New("a name stands twice in one object")
	errName     = errors.New("the body has a field that this endpoint does not know")
	errNull     = errors.New("a field is null: what there is not is left out")
	errForm     = errors.New("the body is not the JSON object that this endpoint reads, or has a field it does not know")
)

// Read reads one JSON object into dst, a pointer to a struct whose names are
// lower-case ASCII letters and underscores. The text must be UTF-8, and its names
// known, spelled exactly and not repeated. On an error dst may be filled in part.
func Read(text []byte, dst any) error {
	if !utf8.Valid(text) {
		return errUTF8
	}
	d := json.NewDecoder(bytes.NewReader(text))
	if err := walk(d, 0); err != nil {
		return err
	}
	if _, err := d.Token(); err != io.EOF {
		return errTrailing
	}
	d = json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	err := d.Decode(dst)
	if wrong := new(json.UnmarshalTypeError); errors.As(err, &wrong) && wrong.Field != "" {
		return errors.New("field " + wrong.Field + " has the wrong type") // a name of ours
	}
	if err != nil {
		return errForm
	}
	return nil
}

// walk goes through one value for what the decoder would let pass.
func walk(d *json.Decoder, depth int) error {
	token, err := d.Token()
	if err != nil {
		return errSyntax
	}
	if token == nil && depth > 0 {
		return errNull
	}
	open, isDelim := token.(json.Delim)
	if depth == 0 && open != '{' {
		return errKind
	}
	if !isDelim {
		return nil
	}
	if depth == maxDepth {
		return errDepth
	}
	seen := make(map[string]bool)
	for d.More() {
		if open == '{' {
			name, err := d.Token()
			if err != nil {
				return errSyntax
			}
			text, _ := name.(string)
			if seen[text] {
				return errTwice
			}
			if strings.Trim(text, "abcdefghijklmnopqrstuvwxyz_") != "" {
				return errName
			}
			seen[text] = true
		}
		if err := walk(d, depth+1); err != nil {
			return err
		}
	}
	if _, err := d.Token(); err != nil {
		return errSyntax
	}
	return nil
}

// Declared reports whether a message says that it is JSON in UTF-8.
func Declared(h http.Header) bool {
	kind, params, err := mime.ParseMediaType(h.Get("Content-Type"))
	charset, ok := params["charset"]
	return err == nil && kind == "application/json" && (!ok || strings.EqualFold(charset, "utf-8"))
}
