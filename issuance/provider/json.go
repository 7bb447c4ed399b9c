package provider

import (
	"errors"

	"github.com/railgate/railgate/issuance/internal/strictjson"
)

// errJSON tells nothing of the text, which may speak of a person.
var errJSON = errors.New("partner: not the JSON object of this protocol")

// ReadJSON reads one JSON object with string values into dst, a pointer to a
// struct of strings, as strictjson.Read does.
func ReadJSON(text []byte, dst any) error {
	if strictjson.Read(text, dst) != nil {
		return errJSON
	}
	return nil
}
