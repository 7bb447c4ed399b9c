package httpapi

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"

	"github.com/railgate/railgate/issuance/internal/strictjson"
	"github.com/railgate/railgate/issuance/problem"
)

// MaxBody bounds a request's body, bytes. The largest honest one is a check
// with its evidence.
const MaxBody = 16 << 10

// MaxSubjectsBody bounds the one larger body: issuance.MaxSubjects persons.
const MaxSubjectsBody = 128 << 10

// readJSON reads the one JSON object that a request must carry into dst, as
// strictjson.Read does.
func readJSON(w http.ResponseWriter, r *http.Request, dst any) error {
	return readJSONUpTo(w, r, dst, MaxBody)
}

// readJSONUpTo is readJSON for a body of at most bound bytes.
func readJSONUpTo(w http.ResponseWriter, r *http.Request, dst any, bound int64) error {
	if !strictjson.Declared(r.Header) {
		return &problem.Error{Code: MediaType, Detail: "Content-Type must be application/json in UTF-8"}
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, bound))
	if tooLarge := new(http.MaxBytesError); errors.As(err, &tooLarge) {
		return &problem.Error{Code: BodyTooLarge, Detail: fmt.Sprintf("the body may have at most %d bytes", bound)}
	}
	if err != nil {
		return malformed("the body broke off")
	}
	if err := strictjson.Read(body, dst); err != nil {
		return malformed(err.Error()) // quotes nothing of the body
	}
	return nil
}

func malformed(detail string) error {
	return &problem.Error{Code: BodyMalformed, Detail: detail}
}

func writeJSON(w http.ResponseWriter, status int, v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	w.Write(body) // a caller that went away is not told
	return nil
}

func noContent(w http.ResponseWriter) error {
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// filled is text that may be left out, and is not empty where it is there: nobody
// shall wonder which of the two an empty one is.
type filled string

// UnmarshalJSON refuses the empty text.
func (f *filled) UnmarshalJSON(raw []byte) error {
	var text string
	if err := json.Unmarshal(raw, &text); err != nil {
		return err
	}
	if text == "" {
		return &json.UnmarshalTypeError{Value: "empty string", Type: reflect.TypeFor[filled]()}
	}
	*f = filled(text)
	return nil
}
