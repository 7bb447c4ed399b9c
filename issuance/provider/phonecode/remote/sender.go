package remote

import (
	"context"
	"errors"
	"net/http"

	"github.com/railgate/railgate/internal/ownfile"
	"github.com/railgate/railgate/issuance/provider"
	"github.com/railgate/railgate/issuance/provider/phonecode"
)

// Service is the provider's name in metrics, logs and errors.
const Service = "phone_code"

// messagesPath is where the service takes messages, below its URL.
const messagesPath = "v1/messages"

// ErrUndeliverable is a number to which the service sends nothing.
var ErrUndeliverable = errors.New("phone code: the service cannot deliver to this number")

// Config is what a Sender works with.
type Config struct {
	// Partner reaches the service. Its Service is set here.
	Partner provider.Config
	// Label names the service in logs, printable ASCII.
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

// Settings is what an operator says of the service: a table of a command's configuration.
type Settings struct {
	Service provider.Settings `toml:"service"`
	Label   string            `toml:"label" doc:"names the service in logs, printable ASCII"`
}

// Load reads the files and reports all that is wrong, each a *partner.Fault.
func (s Settings) Load(trust ownfile.Trust) (Config, error) {
	c := Config{Label: s.Label}
	var err error
	c.Partner, err = s.Service.Load(Service, trust)
	return c, errors.Join(err, c.own())
}

// Sender is one elsewhere. It runs nothing between calls.
type Sender struct {
	label  string
	client *provider.Client
}

var _ phonecode.Sender = (*Sender)(nil)

// New makes a sender; it reports all faults of the configuration.
func New(c Config) (*Sender, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	client, err := provider.New(c.Partner)
	if err != nil {
		return nil, err
	}
	return &Sender{c.Label, client}, nil
}

// Label names the service.
func (s *Sender) Label() string { return s.label }

// message is a code as the service is given it.
type message struct {
	Phone    string `json:"phone"`
	Code     string `json:"code"`
	Purpose  string `json:"purpose"`
	Language string `json:"language"`
}

// Send hands the message to the service. An error of package partner says why it was not
// taken on.
func (s *Sender) Send(ctx context.Context, m phonecode.Message) error {
	accepted := false
	err := s.client.Post(ctx, messagesPath, provider.NewID(), message{m.Number, m.Code, string(m.Purpose), string(m.Language)}, func(status int, body []byte) (err error) {
		accepted, err = readAnswer(status, body)
		return err
	})
	if err == nil && !accepted {
		err = ErrUndeliverable
	}
	return err
}

var errAnswer = errors.New("not an answer of the protocol")

// readAnswer knows each answer of the protocol and no other.
func readAnswer(status int, body []byte) (accepted bool, err error) {
	var said struct {
		Message string `json:"message"`
	}
	if status != http.StatusOK || provider.ReadJSON(body, &said) != nil {
		return false, errAnswer
	}
	switch said.Message {
	case "accepted":
		return true, nil
	case "undeliverable":
		return false, nil
	}
	return false, errAnswer
}
