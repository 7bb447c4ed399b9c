package httpapi

import (
	_ "embed"
	"errors"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/railgate/railgate/issuance/credential"
)

//go:embed privacy.md
var privacyMD string

// policyTexts are the two languages of privacy.md. A test holds its numbers to
// the constants that they speak of.
var policyTexts = func() bilingual {
	en, zh, ok := strings.Cut(privacyMD, "\n---\n")
	if !ok {
		panic("BUG: issuance/httpapi: privacy.md has not two parts")
	}
	return bilingual{strings.TrimSpace(en), strings.TrimSpace(zh)}
}()

// privacyPolicy tells every caller what is kept, why and how long, and the version to
// agree to (rules B12 and G34).
func (a *API) privacyPolicy(*request, anonymous) (any, error) {
	return struct {
		Version string    `json:"version"`
		Text    bilingual `json:"text"`
	}{a.service.Policy, policyTexts}, nil
}

// Contact is how customer service (官方客服, rule G38) is reached, in both languages.
type Contact struct {
	EN string `toml:"en" doc:"in English"`
	ZH string `toml:"zh" doc:"in Chinese"`
}

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
func (a *API) contact(*request, anonymous) (any, error) {
	return struct {
		Text bilingual `json:"text"`
	}{bilingual(a.support)}, nil
}

// location is where the phone says it is, degrees.
type location struct {
	Latitude  *float64 `json:"latitude"`
	Longitude *float64 `json:"longitude"`
}

// read is nil if one of the two is missing.
func (l location) read() *credential.Location {
	if l.Latitude == nil || l.Longitude == nil {
		return nil
	}
	return &credential.Location{Latitude: *l.Latitude, Longitude: *l.Longitude}
}

// locate tells the city at a location, for the form to fill in. The location is in the
// body: a path or a query would be logged on the way.
func locate(_ *request, _ anonymous, in location) (any, error) {
	c, err := credential.Locate(in.read())
	return struct {
		City        string `json:"city"`
		CityEnglish string `json:"city_en"`
	}{c.Name, c.English}, err
}
