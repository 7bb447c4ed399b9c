package remote

import (
	"context"
	"errors"
	"net/http"
	"unicode/utf8"

	"github.com/railgate/railgate/internal/ownfile"
	"github.com/railgate/railgate/issuance/identity"
	"github.com/railgate/railgate/issuance/provider"
	"github.com/railgate/railgate/issuance/provider/residents"
)

// Service is the registry's name in metrics, logs and errors.
const Service = "residents"

// lookupsPath is where the registry takes lookups, below its URL.
const lookupsPath = "v1/lookups"

var errPerson = errors.New("resident registry: not a person who can be looked up")

// Config is what a Registry works with.
type Config struct {
	// Partner reaches the registry. Its Service is set here.
	Partner provider.Config
	// Label names the registry in logs and answers, printable ASCII.
	Label string
}

// Validate reports all that is wrong, each a *partner.Fault.
func (c *Config) Validate() error {
	c.Partner.Service = Service
	return errors.Join(c.Partner.Validate(), c.own())
}

func (c *Config) own() error {
	if err := provider.CheckLabel(c.Label); err != nil {
		return &provider.Fault{Field: "label", Err: err}
	}
	return nil
}

// Settings is what an operator says of the registry: a table of a command's
// configuration.
type Settings struct {
	Service provider.Settings `toml:"service"`
	Label   string            `toml:"label" doc:"names the registry in logs and answers, printable ASCII"`
}

// Load reads the files and reports all that is wrong, each a *partner.Fault.
func (s Settings) Load(trust ownfile.Trust) (Config, error) {
	c := Config{Label: s.Label}
	var err error
	c.Partner, err = s.Service.Load(Service, trust)
	return c, errors.Join(err, c.own())
}

// Registry is one elsewhere. It runs nothing between calls.
type Registry struct {
	label  string
	client *provider.Client
}

var _ residents.Registry = (*Registry)(nil)

// New makes a registry; it reports all faults of the configuration.
func New(c Config) (*Registry, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	client, err := provider.New(c.Partner)
	if err != nil {
		return nil, err
	}
	return &Registry{c.Label, client}, nil
}

// Label names the registry.
func (r *Registry) Label() string { return r.label }

// question is a lookup as the registry is asked for it.
type question struct {
	Name           string `json:"name"`
	DocumentType   string `json:"document_type"`
	DocumentNumber string `json:"document_number"`
}

// Lookup asks the registry. An error of package partner says why there is no
// answer.
func (r *Registry) Lookup(ctx context.Context, p residents.Person) (residents.Match, error) {
	// Encoding would turn broken text into another person's.
	if p.Document != identity.ResidentID || p.Name == "" || p.Number == "" || !utf8.ValidString(p.Name) || !utf8.ValidString(p.Number) {
		return residents.Unknown, errPerson
	}
	match := residents.Unknown
	err := r.client.Post(ctx, lookupsPath, provider.NewID(), question{p.Name, p.Document.String(), p.Number}, func(status int, body []byte) (err error) {
		match, err = readMatch(status, body)
		return err
	})
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		return residents.Unknown, err
	}
	return match, nil
}

var errAnswer = errors.New("not an answer of the protocol")

// readMatch knows each answer of the protocol and no other.
func readMatch(status int, body []byte) (residents.Match, error) {
	var said struct {
		Match string `json:"match"`
	}
	if status != http.StatusOK || provider.ReadJSON(body, &said) != nil {
		return residents.Unknown, errAnswer
	}
	m, ok := residents.ParseMatch(said.Match)
	if !ok {
		return residents.Unknown, errAnswer
	}
	return m, nil
}
