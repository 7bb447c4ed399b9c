package main

import (
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/railgate/railgate/internal/ownfile"
	"github.com/railgate/railgate/issuance/account"
	"github.com/railgate/railgate/issuance/provider/phonecode"
	messages "github.com/railgate/railgate/issuance/provider/phonecode/remote"
	"github.com/railgate/railgate/issuance/throttle"
)

// none is a provider that is not there.
const none = "none"

type phoneCode struct {
	Provider     string            `toml:"provider" doc:"\"http\", \"none\", with which no phone is verified and a forgotten password has no way back, or \"sandbox\", which sends nothing"`
	Prefixes     []string          `toml:"prefixes" doc:"country codes to which codes are sent besides mainland numbers, such as +852; messages to some countries cost many times as much"`
	Daily        int               `toml:"daily" doc:"codes in a day for one account, and to one number"`
	DailyNetwork int               `toml:"daily_network" doc:"codes in a day for one network"`
	Hourly       int               `toml:"hourly" doc:"codes in an hour in all: a bound on what they cost"`
	Pause        time.Duration     `toml:"pause" doc:"between two codes to one number"`
	HTTP         messages.Settings `toml:"http" doc:"where the service is, if it is \"http\""`

	remote messages.Config // what HTTP says
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

func (p *phoneCode) validate(trust ownfile.Trust, fault func(path, format string, args ...any)) {
	if err := p.rules().Check(); err != nil {
		fault("phone_code", "%w", err)
	}
	if err := account.CheckCodePrefixes(p.Prefixes); err != nil {
		fault("phone_code.prefixes", "%w", err)
	}
	switch p.Provider {
	case none, sandbox:
	case viaHTTP:
		var err error
		p.remote, err = p.HTTP.Load(trust)
		partnerFaults("phone_code.http", err, fault)
	default:
		fault("phone_code.provider", `must be "http", "none", or "sandbox", which sends nothing and so must be chosen knowingly`)
	}
}

// warning is what a start says aloud; empty: nothing.
func (p *phoneCode) warning() string {
	if p.Provider != sandbox {
		return ""
	}
	return `SANDBOX: phone_code.provider is "sandbox": no message is sent, and the admin listener tells every code; this issuer must not serve passengers`
}

// sender makes the provider of codes; nil: there is none.
func (p *phoneCode) sender(log *zap.Logger, metrics prometheus.Registerer) (phonecode.Sender, error) {
	switch p.Provider {
	case none:
		return nil, nil
	case sandbox:
		log.Warn(p.warning())
		return phonecode.NewSandbox(), nil
	}
	c := p.remote
	c.Partner.Log, c.Partner.Metrics = log, metrics
	return messages.New(c)
}
