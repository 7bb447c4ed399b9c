package remote

import (
	"errors"
	"fmt"

	"github.com/railgate/railgate/internal/ownfile"
	"github.com/railgate/railgate/issuance/provider"
)

// Service is the provider's name in metrics, logs and errors.
const Service = "real_person"

// How many checks may wait at once. A waiting check holds a passenger's request.
const (
	DefaultWaiting = 256
	MaxWaiting     = 65536
)

// Config is what a Checker works with.
type Config struct {
	// Partner reaches the provider. Its Service is set here; its clock, log and
	// metrics serve the callbacks, too.
	Partner provider.Config
	// CallbackURL is where the provider reaches Callback: HTTPS, or HTTP to a
	// loopback address, with a path. Its path is what callbacks are signed for.
	CallbackURL string
	// Label names the provider to passengers and in logs, printable ASCII.
	Label string
	// Waiting bounds the checks at hand. 0: DefaultWaiting.
	Waiting int
}

// Validate reports all that is wrong, each a *partner.Fault, after those of
// Partner.
func (c *Config) Validate() error {
	c.Partner.Service = Service
	return errors.Join(c.Partner.Validate(), errors.Join(c.own()...))
}

// own reports what is wrong outside of Partner.
func (c *Config) own() (faults []error) {
	if u, err := provider.ParseURL(c.CallbackURL); err != nil {
		faults = append(faults, &provider.Fault{Field: "callback_url", Err: err})
	} else if u.EscapedPath() == "" {
		faults = append(faults, &provider.Fault{Field: "callback_url", Err: errors.New("must have a path, at least /")})
	}
	if err := provider.CheckLabel(c.Label); err != nil {
		faults = append(faults, &provider.Fault{Field: "label", Err: err})
	}
	if c.Waiting < 0 || c.Waiting > MaxWaiting {
		faults = append(faults, &provider.Fault{Field: "waiting", Err: fmt.Errorf("must be 0, for the default, to %d", MaxWaiting)})
	}
	return faults
}

// Settings is what an operator says of the provider: a table of a command's
// configuration.
type Settings struct {
	Service     provider.Settings `toml:"service"`
	CallbackURL string            `toml:"callback_url" doc:"where the provider reaches this issuer's callback, https://host/v1/real-person/callback; one for each issuer"`
	Label       string            `toml:"label" doc:"names the provider to passengers and in logs, printable ASCII"`
	Waiting     int               `toml:"waiting" doc:"bound on checks at hand; 0: 256"`
}

// Load reads the files and reports all that is wrong, each a *partner.Fault.
func (s Settings) Load(trust ownfile.Trust) (Config, error) {
	c := Config{CallbackURL: s.CallbackURL, Label: s.Label, Waiting: s.Waiting}
	var err error
	c.Partner, err = s.Service.Load(Service, trust)
	return c, errors.Join(err, errors.Join(c.own()...))
}
