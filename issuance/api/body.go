package api

import (
	"errors"
	"io"
	"net/http"

	"github.com/railgate/railgate/issuance/refusal"
	"github.com/railgate/railgate/issuance/strictjson"
)

// MaxBody bounds a request's body, bytes. The largest honest one is a check
// with its evidence.
const MaxBody = 16 << 10

// readJSON reads the one JSON object that a request must carry into dst, as
// strictjson.Read does.
func readJSON(w http.ResponseWriter, r *http.Request, dst any) error {
	if !strictjson.Declared(r.Header) {
		return &refusal.Refusal{Code: MediaType, Detail: "Content-Type must be application/json in UTF-8"}
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, MaxBody))
	if tooLarge := new(http.MaxBytesError); errors.As(err, &tooLarge) {
		return &refusal.Refusal{Code: BodyTooLarge, Detail: "the body may have at most 16384 bytes"}
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
	return &refusal.Refusal{Code: BodyMalformed, Detail: detail}
}
