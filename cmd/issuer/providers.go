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

// What a provider can be.
const (
	none    = "none"
	sandbox = "sandbox"
	viaHTTP = "http"
)

// sandboxes warns of each provider that is none.
func (c *config) sandboxes() (warnings []string) {
	for _, p := range []struct{ provider, warning string }{
		{c.FaceCheck.Provider, `SANDBOX: face_check.provider is "sandbox": no face is checked, and whoever asks gets a pass; this issuer must not serve passengers`},
		{c.Residents.Provider, `SANDBOX: residents.provider is "sandbox": no card is looked up, and every identity is confirmed; this issuer must not serve passengers`},
		{c.PhoneCode.Provider, `SANDBOX: phone_code.provider is "sandbox": no message is sent, and the admin listener tells every code; this issuer must not serve passengers`},
	} {
		if p.provider == sandbox {
			warnings = append(warnings, p.warning)
		}
	}
	return warnings
}

type faceCheck struct {
	Provider string             `toml:"provider" doc:"\"http\", or \"sandbox\", which believes what the request says and checks no face"`
	Timeout  time.Duration      `toml:"timeout" doc:"bound on one check"`
	HTTP     facecheck.Settings `toml:"http" doc:"where the provider is, if it is \"http\""`

	remote facecheck.Config // what HTTP says
}

type residentCards struct {
	Provider string                   `toml:"provider" doc:"\"http\", or \"sandbox\", which knows no cards and confirms everybody"`
	Timeout  time.Duration            `toml:"timeout" doc:"bound on one question"`
	HTTP     provider.ServiceSettings `toml:"http" doc:"where the registry is, if it is \"http\""`

	remote provider.ServiceConfig // what HTTP says
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
		f.Add("face_check.provider", errors.New(`must be "http", or "sandbox", which checks no face and so must be chosen knowingly`))
	}
}

func (r *residentCards) validate(trust ownfile.Trust, f *conf.Faults) {
	f.Need(r.Timeout > 0 && r.Timeout <= facecheck.MaxTimeout, "residents.timeout", "must be above 0 and at most %v", facecheck.MaxTimeout)
	switch r.Provider {
	case sandbox:
	case viaHTTP:
		var err error
		r.remote, err = r.HTTP.Load(provider.ResidentRegistryService, trust)
		f.Add("residents.http", err)
	default:
		f.Add("residents.provider", errors.New(`must be "http", or "sandbox", which knows no cards and so must be chosen knowingly`))
	}
}

// checker makes the provider of face checks, and what takes its callbacks;
// nil: it sends none.
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

// registry makes the registry of resident ID cards.
func (r *residentCards) registry(log *zap.Logger, metrics prometheus.Registerer) (provider.ResidentRegistry, error) {
	if r.Provider == sandbox {
		return provider.SandboxResidentRegistry{}, nil
	}
	c := r.remote
	c.Client.Log, c.Client.Metrics = log, metrics
	return provider.NewResidentRegistry(c)
}

type phoneCode struct {
	Provider     string                   `toml:"provider" doc:"\"http\", \"none\", with which no phone is verified and a forgotten password has no way back, or \"sandbox\", which sends nothing"`
	Prefixes     []string                 `toml:"prefixes" doc:"country codes to which codes are sent besides mainland numbers, such as +852; messages to some countries cost many times as much"`
	Daily        int                      `toml:"daily" doc:"codes in a day for one account, and to one number"`
	DailyNetwork int                      `toml:"daily_network" doc:"codes in a day for one network"`
	Hourly       int                      `toml:"hourly" doc:"codes in an hour in all: a bound on what they cost"`
	Pause        time.Duration            `toml:"pause" doc:"between two codes to one number"`
	HTTP         provider.ServiceSettings `toml:"http" doc:"where the service is, if it is \"http\""`

	remote provider.ServiceConfig // what HTTP says
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
		f.Add("phone_code.provider", errors.New(`must be "http", "none", or "sandbox", which sends nothing and so must be chosen knowingly`))
	}
}

// sender makes the provider of codes; nil: there is none.
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
