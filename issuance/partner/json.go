package partner

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

// errJSON tells nothing of the text, which may speak of a person.
var errJSON = errors.New("partner: not the JSON object of this protocol")

// ReadJSON reads one JSON object with string values into dst, a pointer to a
// struct of strings. The text must be UTF-8 and its names known, spelled exactly
// and not repeated: two readers of one text must never see two meanings. A name
// that is missing leaves its field empty; that is for the caller to judge.
func ReadJSON(text []byte, dst any) error {
	if !utf8.Valid(text) || !flat(json.NewDecoder(bytes.NewReader(text))) {
		return errJSON
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if d.Decode(dst) != nil {
		return errJSON
	}
	return nil
}

// flat walks the text once, since encoding/json takes names in any case and the
// last of two.
func flat(d *json.Decoder) bool {
	if open, err := d.Token(); err != nil || open != json.Delim('{') {
		return false
	}
	seen := make(map[string]bool)
	for d.More() {
		token, err := d.Token()
		name, ok := token.(string)
		if err != nil || !ok || seen[name] || strings.Trim(name, "abcdefghijklmnopqrstuvwxyz_") != "" {
			return false
		}
		seen[name] = true
		value, err := d.Token()
		if _, ok := value.(string); err != nil || !ok {
			return false
		}
	}
	if _, err := d.Token(); err != nil {
		return false
	}
	_, err := d.Token()
	return err == io.EOF
}

// isJSON reports whether a message says that it is JSON in UTF-8.
func isJSON(h http.Header) bool {
	kind, params, err := mime.ParseMediaType(h.Get("Content-Type"))
	charset, ok := params["charset"]
	return err == nil && kind == "application/json" && (!ok || strings.EqualFold(charset, "utf-8"))
}
