package httpapi

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/railgate/railgate/issuance/registry"
	"github.com/railgate/railgate/issuance/registry/rules"
)

// Rule B12: what the policy says of the registry is what the registry does.
func TestB12_ThePolicySaysHowLongTheRegistryKeeps(t *testing.T) {
	const day = 24 * time.Hour
	keep, tickets := int(rules.DefaultLimits().Keep/day), int(registry.TicketKept/day)
	for text, wants := range map[string][]string{
		policyTexts.EN: {fmt.Sprintf("cannot be deleted for %d days", keep), fmt.Sprintf("at most %d days", keep), fmt.Sprintf("Deleted %d days after the journey", tickets)},
		policyTexts.ZH: {fmt.Sprintf("添加后%d天内不能删除", keep), fmt.Sprintf("最长%d天", keep), fmt.Sprintf("行程结束%d天后删除", tickets)},
	} {
		for _, want := range wants {
			if !strings.Contains(text, want) {
				t.Errorf("the policy does not say %q", want)
			}
		}
	}
}
