package httpapi

import (
	"errors"
	"net/http"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/railgate/railgate/issuance/credential"
	"github.com/railgate/railgate/issuance/problem"
	"github.com/railgate/railgate/issuance/registry/rules"
)

// Contact is how customer service (官方客服, rule G38) is reached, in both languages.
type Contact struct{ EN, ZH string }

// DefaultContact is the railway's own number.
var DefaultContact = Contact{"Railway customer service: call 12306.", "铁路客服电话：12306。"}

// maxContact bounds a text, bytes.
const maxContact = 200

// Check reports what is wrong with the texts.
func (c Contact) Check() error {
	for _, text := range []string{c.EN, c.ZH} {
		if text == "" || len(text) > maxContact || !utf8.ValidString(text) || strings.ContainsFunc(text, unicode.IsControl) {
			return errors.New("must have a text in English and in Chinese, each of 1 to 200 bytes of UTF-8 without control characters")
		}
	}
	return nil
}

// contact tells every caller how to reach customer service.
func (a *API) contact(w http.ResponseWriter, _ *http.Request) error {
	return writeJSON(w, http.StatusOK, struct {
		Text bilingual `json:"text"`
	}{bilingual(a.reach)})
}

// contactCodes are the refusals for an identity that is not confirmed: besides the
// counter, customer service can say why (S4:411-415).
var contactCodes = map[problem.Code]bool{
	credential.IdentityNotConfirmed: true,
	credential.DocumentCancelled:    true,
	rules.IdentityRegistered:        true,
}
