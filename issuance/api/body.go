package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/railgate/railgate/issuance/refusal"
)

// MaxBody bounds a request's body, bytes. The largest honest one is a check
// with its evidence.
const MaxBody = 16 << 10

// readJSON reads the one JSON object that a request must carry into dst, a
// pointer to a struct. Names must be known, spelled exactly and not repeated:
// two readers of one request must never see two meanings.
func readJSON(w http.ResponseWriter, r *http.Request, dst any) error {
	kind, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if charset, ok := params["charset"]; err != nil || kind != "application/json" || ok && !strings.EqualFold(charset, "utf-8") {
		return &refusal.Refusal{Code: MediaType, Detail: "Content-Type must be application/json in UTF-8"}
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, MaxBody))
	if tooLarge := new(http.MaxBytesError); errors.As(err, &tooLarge) {
		return &refusal.Refusal{Code: BodyTooLarge, Detail: "the body may have at most 16384 bytes"}
	}
	if err != nil {
		return malformed("the body broke off")
	}
	if !utf8.Valid(body) {
		return malformed("the body is not UTF-8")
	}
	if err := checkNames(body); err != nil {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(dst); err != nil {
		return malformed(describe(err))
	}
	return nil
}

func malformed(detail string) error {
	return &refusal.Refusal{Code: BodyMalformed, Detail: detail}
}

// describe says what is wrong without repeating what was sent: the decoder's
// own texts quote it. Field is a name of ours.
func describe(err error) string {
	var wrong *json.UnmarshalTypeError
	if errors.As(err, &wrong) && wrong.Field != "" {
		return "field " + wrong.Field + " has the wrong type"
	}
	return "the body is not the JSON object that this endpoint reads, or has a field it does not know"
}

// maxDepth bounds how deep a body may nest; the deepest of ours is 3.
const maxDepth = 4

// checkNames walks the body once. encoding/json would take names in any case
// and the last of two; all names of ours are lower-case ASCII.
func checkNames(body []byte) error {
	d := json.NewDecoder(bytes.NewReader(body))
	if err := walk(d, 0); err != nil {
		return err
	}
	if _, err := d.Token(); err != io.EOF {
		return malformed("something follows the JSON object")
	}
	return nil
}

func walk(d *json.Decoder, depth int) error {
	token, err := d.Token()
	if err != nil {
		return malformed("the body is not JSON")
	}
	if token == nil && depth > 0 {
		return malformed("a field is null: what there is not is left out")
	}
	open, isDelim := token.(json.Delim)
	if depth == 0 && open != '{' {
		return malformed("the body must be one JSON object")
	}
	if !isDelim {
		return nil
	}
	if depth == maxDepth {
		return malformed("the body nests too deep")
	}
	seen := make(map[string]bool)
	for d.More() {
		if open == '{' {
			name, err := d.Token()
			if err != nil {
				return malformed("the body is not JSON")
			}
			text, _ := name.(string)
			if seen[text] {
				return malformed("a name stands twice in one object")
			}
			if strings.Trim(text, "abcdefghijklmnopqrstuvwxyz_") != "" {
				return malformed("the body has a field that this endpoint does not know")
			}
			seen[text] = true
		}
		if err := walk(d, depth+1); err != nil {
			return err
		}
	}
	if _, err := d.Token(); err != nil {
		return malformed("the body is not JSON")
	}
	return nil
}
