package httpapi

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"

	"github.com/railgate/railgate/internal/strictjson"
	"github.com/railgate/railgate/issuance/problem"
)

// MaxBody bounds a request's body, bytes. The largest honest one is a check
// with its evidence.
const MaxBody = 16 << 10

// MaxSubjectsBody bounds the one larger body: issuance.MaxSubjects persons.
const MaxSubjectsBody = 128 << 10

// noBody serves a request that has no body. It answers with the status and what serve
// returns; nil is no content.
func noBody[By any](status int, serve func(*request, By) (any, error)) handlerFor[By] {
	return func(w http.ResponseWriter, r *request, by By) error {
		out, err := serve(r, by)
		if err != nil {
			return err
		}
		return writeJSON(w, status, out)
	}
}

// withBody serves a request with a body, which it reads first: one JSON object.
func withBody[By, In any](status int, serve func(*request, By, In) (any, error)) handlerFor[By] {
	return withBodyUpTo(MaxBody, status, serve)
}

// withBodyUpTo is withBody with a body of at most bound bytes.
func withBodyUpTo[By, In any](bound int64, status int, serve func(*request, By, In) (any, error)) handlerFor[By] {
	return func(w http.ResponseWriter, r *request, by By) error {
		var in In
		if err := readJSON(w, r, &in, bound); err != nil {
			return err
		}
		out, err := serve(r, by, in)
		if err != nil {
			return err
		}
		return writeJSON(w, status, out)
	}
}

// empty is a body that says nothing.
type empty = struct{}

// readJSON reads the one JSON object that a request must carry into dst, as
// strictjson.Read does, of at most bound bytes. What is wrong names a field by its
// path, in which an embedded struct has its name in Go: that name is part of answers.
func readJSON(w http.ResponseWriter, r *request, dst any, bound int64) error {
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
	if v == nil {
		w.WriteHeader(status)
		return nil
	}
	body, err := json.Marshal(v)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	w.Write(body) // a caller that went away is not told
	return nil
}

// each makes what is told of each; none is told as an empty list.
func each[From, To any](all []From, tell func(From) To) []To {
	out := make([]To, len(all))
	for i, one := range all {
		out[i] = tell(one)
	}
	return out
}

// filled is text that may be left out, and is not empty where it is there: anonymous
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
