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

// policyTexts are the two languages of privacy.md, which is served as it is: a paragraph is
// one line. Tests check its numbers against the constants.
var policyTexts = func() bilingual {
	en, zh, ok := strings.Cut(privacyMD, "\n---\n")
	if !ok {
		panic("BUG: issuance/httpapi: privacy.md must have two parts")
	}
	return bilingual{strings.TrimSpace(en), strings.TrimSpace(zh)}
}()

// privacyPolicy returns the privacy policy and its version to every caller (rules B12 and
// G34).
func (a *API) privacyPolicy(*request, anonymous) (any, error) {
	return struct {
		Version string    `json:"version"`
		Text    bilingual `json:"text"`
	}{a.service.Policy, policyTexts}, nil
}

// Contact says how to reach customer service (官方客服, rule G38), in both languages.
type Contact struct {
	EN string `toml:"en" doc:"text in English"`
	ZH string `toml:"zh" doc:"text in Chinese"`
}

// DefaultContact is the railway's own number.
var DefaultContact = Contact{"Railway customer service: call 12306.", "铁路客服电话：12306。"}

// maxContact bounds a text, in bytes.
const maxContact = 200

// Check validates the texts.
func (c Contact) Check() error {
	for _, text := range []string{c.EN, c.ZH} {
		if text == "" || len(text) > maxContact || !utf8.ValidString(text) || strings.ContainsFunc(text, unicode.IsControl) {
			return errors.New("must have a text in English and in Chinese, each of 1 to 200 bytes of UTF-8 without control characters")
		}
	}
	return nil
}

// contact returns to every caller how to reach customer service.
func (a *API) contact(*request, anonymous) (any, error) {
	return struct {
		Text bilingual `json:"text"`
	}{bilingual(a.support)}, nil
}

// location is the phone's location, in degrees.
type location struct {
	Latitude  *float64 `json:"latitude"`
	Longitude *float64 `json:"longitude"`
}

// parse returns nil if a coordinate is missing.
func (l location) parse() *credential.Location {
	if l.Latitude == nil || l.Longitude == nil {
		return nil
	}
	return &credential.Location{Latitude: *l.Latitude, Longitude: *l.Longitude}
}

// locate returns the city at a location, for the form. The location is in the body: paths
// and queries are logged by proxies.
func locate(_ *request, _ anonymous, in location) (any, error) {
	c, err := credential.Locate(in.parse())
	return struct {
		City        string `json:"city"`
		CityEnglish string `json:"city_en"`
	}{c.Name, c.English}, err
}
