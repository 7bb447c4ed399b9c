package provider

import (
	"context"
	"errors"
	"net/http"
	"unicode/utf8"

	"github.com/railgate/railgate/internal/ownfile"
	"github.com/railgate/railgate/issuance/identity"
)

// Person is the passenger of a request to a provider, in the form that package identity accepts.
type Person struct {
	Name     string
	Document identity.DocumentType
	Number   string
}

// Checkable reports whether a provider can check the person. Providers know resident ID cards only. Invalid
// UTF-8 is refused, because JSON would replace it and change the person.
func (p Person) Checkable() bool {
	return p.Document == identity.ResidentID && p.Name != "" && p.Number != "" && utf8.ValidString(p.Name) && utf8.ValidString(p.Number)
}

// ServiceConfig configures the client of a named service.
type ServiceConfig struct {
	// Client configures the calls. The constructor sets its Service.
	Client Config
	// Label names the service in logs and answers, printable ASCII.
	Label string
}

// ServiceSettings are the settings of a named service: a table of a command's configuration.
type ServiceSettings struct {
	Service Settings `toml:"service"`
	Label   string   `toml:"label" doc:"name of the service in logs, and in answers that name the deciding service; printable ASCII"`
}

// Load reads the files and reports every wrong setting, each as a [*Fault].
func (s ServiceSettings) Load(service string, trust ownfile.Trust) (c ServiceConfig, err error) {
	c.Label = s.Label
	c.Client, err = s.Service.Load(service, trust)
	return c, errors.Join(err, CheckLabel(s.Label))
}

// service is a client of a service that answers each request with 200 and one JSON object.
type service struct {
	client *Client
	label  string
}

// newService makes a client, or reports every fault of the configuration, each as a [*Fault].
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

// callService sends a request and returns the answer, which must be valid.
func callService[Answer any](ctx context.Context, s *service, path string, content any, valid func(Answer) bool) (answer Answer, err error) {
	err = s.client.Post(ctx, path, NewID(), content, func(status int, body []byte) error {
		if status != http.StatusOK || ReadJSON(body, &answer) != nil || !valid(answer) {
			return errAnswer
		}
		return nil
	})
	return answer, err
}
