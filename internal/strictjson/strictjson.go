// Package strictjson reads one JSON object unambiguously: two readers of a text must
// never get different values. encoding/json accepts names in any case, repeated names
// and null for any value; this package refuses them.
//
// The package bounds depth, not size, because the caller has already read the text. A
// missing name leaves its field unchanged; the caller must check required fields.
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

// maxDepth is the greatest nesting depth. The requests of this system need 3.
const maxDepth = 4

// Errors for the sender of the text. They never quote the text, as the decoder's errors
// do: it may contain personal data.
var (
	errUTF8     = errors.New("the body is not UTF-8")
	errSyntax   = errors.New("the body is not JSON")
	errKind     = errors.New("the body must be one JSON object")
	errTrailing = errors.New("the body has content after the JSON object")
	errDepth    = errors.New("the body is nested too deeply")
	errTwice    = errors.New("an object contains a name twice")
	errName     = errors.New("the body has a field that this endpoint does not support")
	errNull     = errors.New("null is not allowed: omit the field instead")
	errForm     = errors.New("the body is not the JSON object of this endpoint, or has a field that it does not support")
)

// Read reads one JSON object into dst, a pointer to a struct whose names consist of
// lower-case ASCII letters and underscores. The text must be UTF-8. Its names must be
// known, spelled exactly and not repeated. On an error dst may be filled partially.
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
		return errors.New("field " + wrong.Field + " has the wrong type") // a known name, not a quotation
	}
	if err != nil {
		return errForm
	}
	return nil
}

// walk refuses what the decoder would accept in one value.
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

// Declared reports whether the headers declare JSON in UTF-8.
func Declared(h http.Header) bool {
	kind, params, err := mime.ParseMediaType(h.Get("Content-Type"))
	charset, ok := params["charset"]
	return err == nil && kind == "application/json" && (!ok || strings.EqualFold(charset, "utf-8"))
}
