package provider

import (
	"context"
	"errors"
	"net/http"
	"unicode/utf8"

	"github.com/railgate/railgate/internal/ownfile"
	"github.com/railgate/railgate/issuance/identity"
)

// Person is the passenger that a provider is asked about, in the form that
// package identity accepts.
type Person struct {
	Name     string
	Document identity.DocumentType
	Number   string
}

// Checkable reports whether a provider can be asked about the person: providers
// know resident ID cards only, and JSON would turn broken text into another
// person's.
func (p Person) Checkable() bool {
	return p.Document == identity.ResidentID && p.Name != "" && p.Number != "" && utf8.ValidString(p.Name) && utf8.ValidString(p.Number)
}

// ServiceConfig is what the client of a named service works with.
type ServiceConfig struct {
	// Client reaches the service. Its Service is set by the constructor.
	Client Config
	// Label names the service in logs and answers, printable ASCII.
	Label string
}

// ServiceSettings is what an operator says of a service: a table of a command's
// configuration.
type ServiceSettings struct {
	Service Settings `toml:"service"`
	Label   string   `toml:"label" doc:"names the service in logs, and in answers that say who decided; printable ASCII"`
}

// Load reads the files and reports all that is wrong, each a *Fault.
func (s ServiceSettings) Load(service string, trust ownfile.Trust) (c ServiceConfig, err error) {
	c.Label = s.Label
	c.Client, err = s.Service.Load(service, trust)
	return c, errors.Join(err, CheckLabel(s.Label))
}

// service is a client of a service that answers each request at once, with 200
// and one JSON object.
type service struct {
	client *Client
	label  string
}

// newService reports all faults of the configuration, each a *Fault.
func newService(name string, c ServiceConfig) (*service, error) {
	c.Client.Service = name
	if err := errors.Join(c.Client.Validate(), CheckLabel(c.Label)); err != nil {
		return nil, err
	}
	client, err := New(c.Client)
	if err != nil {
		return nil, err
	}
	return &service{client, c.Label}, nil
}

// Label names the service.
func (s *service) Label() string { return s.label }

var errAnswer = errors.New("not an answer of the protocol")

// ask sends a question and returns the answer, which must be valid.
func ask[Answer any](ctx context.Context, s *service, path string, question any, valid func(Answer) bool) (answer Answer, err error) {
	err = s.client.Post(ctx, path, NewID(), question, func(status int, body []byte) error {
		if status != http.StatusOK || ReadJSON(body, &answer) != nil || !valid(answer) {
			return errAnswer
		}
		return nil
	})
	return answer, err
}
