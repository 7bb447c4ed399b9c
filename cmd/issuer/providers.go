package main

import (
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/railgate/railgate/internal/conf"
	"github.com/railgate/railgate/internal/ownfile"
	"github.com/railgate/railgate/issuance/account"
	"github.com/railgate/railgate/issuance/provider"
	"github.com/railgate/railgate/issuance/provider/facecheck"
	"github.com/railgate/railgate/issuance/throttle"
)

// The values of a provider setting.
const (
	none    = "none"
	sandbox = "sandbox"
	viaHTTP = "http"
)

// sandboxWarnings has one warning for each sandbox provider.
func (c *config) sandboxWarnings() (warnings []string) {
	for _, p := range []struct{ provider, warning string }{
		{c.FaceCheck.Provider, `SANDBOX: face_check.provider is "sandbox": no face is checked and the request decides the result; this issuer must not serve passengers`},
		{c.Residents.Provider, `SANDBOX: residents.provider is "sandbox": no card is looked up and every identity is confirmed; this issuer must not serve passengers`},
		{c.PhoneCode.Provider, `SANDBOX: phone_code.provider is "sandbox": no message is sent and the admin listener shows every code; this issuer must not serve passengers`},
	} {
		if p.provider == sandbox {
			warnings = append(warnings, p.warning)
		}
	}
	return warnings
}

type faceCheck struct {
	Provider string             `toml:"provider" doc:"\"http\" calls a service; \"sandbox\" checks no face and returns the result that the request names"`
	Timeout  time.Duration      `toml:"timeout" doc:"bound on one check"`
	HTTP     facecheck.Settings `toml:"http" doc:"the service to call if provider is \"http\""`

	remote facecheck.Config // parsed from HTTP
}

type residentRegistry struct {
	Provider string                   `toml:"provider" doc:"\"http\" calls a service; \"sandbox\" looks nothing up and confirms every identity"`
	Timeout  time.Duration            `toml:"timeout" doc:"bound on one lookup"`
	HTTP     provider.ServiceSettings `toml:"http" doc:"the service to call if provider is \"http\""`

	remote provider.ServiceConfig // parsed from HTTP
}

func (r *faceCheck) validate(trust ownfile.Trust, f *conf.Faults) {
	f.Need(r.Timeout > 0 && r.Timeout <= facecheck.MaxTimeout, "face_check.timeout", "must be above 0 and at most %v", facecheck.MaxTimeout)
	switch r.Provider {
	case sandbox:
	case viaHTTP:
		var err error
		r.remote, err = r.HTTP.Load(trust)
		f.Add("face_check.http", err)
	default:
		f.Add("face_check.provider", errors.New(`must be "http", or explicitly "sandbox", which checks no face`))
	}
}

func (r *residentRegistry) validate(trust ownfile.Trust, f *conf.Faults) {
	f.Need(r.Timeout > 0 && r.Timeout <= facecheck.MaxTimeout, "residents.timeout", "must be above 0 and at most %v", facecheck.MaxTimeout)
	switch r.Provider {
	case sandbox:
	case viaHTTP:
		var err error
		r.remote, err = r.HTTP.Load(provider.ResidentRegistryService, trust)
		f.Add("residents.http", err)
	default:
		f.Add("residents.provider", errors.New(`must be "http", or explicitly "sandbox", which looks nothing up`))
	}
}

// checker returns the face-check provider and the handler of its callbacks; the handler
// is nil if the provider sends none.
func (r *faceCheck) checker(log *zap.Logger, metrics prometheus.Registerer) (facecheck.Checker, http.Handler, error) {
	if r.Provider == sandbox {
		return facecheck.Sandbox{}, nil, nil
	}
	c := r.remote
	c.Client.Log, c.Client.Metrics = log, metrics
	checker, err := facecheck.NewHTTP(c)
	if err != nil {
		return nil, nil, err
	}
	return checker, checker.Callback(), nil
}

// registry returns the resident registry.
func (r *residentRegistry) registry(log *zap.Logger, metrics prometheus.Registerer) (provider.ResidentRegistry, error) {
	if r.Provider == sandbox {
		return provider.SandboxResidentRegistry{}, nil
	}
	c := r.remote
	c.Client.Log, c.Client.Metrics = log, metrics
	return provider.NewResidentRegistry(c)
}

type phoneCode struct {
	Provider     string                   `toml:"provider" doc:"\"http\" calls a service; \"none\" disables phone verification and password recovery; \"sandbox\" sends nothing"`
	Prefixes     []string                 `toml:"prefixes" doc:"country codes served besides mainland numbers, such as +852; messages to some countries cost many times as much"`
	Daily        int                      `toml:"daily" doc:"codes per day for one account, and to one number"`
	DailyNetwork int                      `toml:"daily_network" doc:"codes per day for one network"`
	Hourly       int                      `toml:"hourly" doc:"codes per hour in total: bounds their cost"`
	Pause        time.Duration            `toml:"pause" doc:"minimum time between two codes to one number"`
	HTTP         provider.ServiceSettings `toml:"http" doc:"the service to call if provider is \"http\""`

	remote provider.ServiceConfig // parsed from HTTP
}

func defaultPhoneCode() phoneCode {
	rules := throttle.DefaultCodeRules
	return phoneCode{
		Provider: none, Prefixes: slices.Clone(account.DefaultCodePrefixes), Daily: rules.Account.Failures, DailyNetwork: rules.Network.Failures,
		Hourly: rules.All.Failures, Pause: rules.Pause.Window,
	}
}

func (p *phoneCode) rules() throttle.CodeRules {
	return throttle.NewCodeRules(p.Daily, p.DailyNetwork, p.Hourly, p.Pause)
}

func (p *phoneCode) validate(trust ownfile.Trust, f *conf.Faults) {
	f.Add("phone_code", p.rules().Check())
	f.Add("phone_code.prefixes", account.CheckCodePrefixes(p.Prefixes))
	switch p.Provider {
	case none, sandbox:
	case viaHTTP:
		var err error
		p.remote, err = p.HTTP.Load(provider.CodesService, trust)
		f.Add("phone_code.http", err)
	default:
		f.Add("phone_code.provider", errors.New(`must be "http", "none", or explicitly "sandbox", which sends nothing`))
	}
}

// sender returns the provider of phone codes; nil if there is none.
func (p *phoneCode) sender(log *zap.Logger, metrics prometheus.Registerer) (provider.CodeSender, error) {
	switch p.Provider {
	case none:
		return nil, nil
	case sandbox:
		return provider.NewSandboxCodes(), nil
	}
	c := p.remote
	c.Client.Log, c.Client.Metrics = log, metrics
	return provider.NewCodeSender(c)
}
