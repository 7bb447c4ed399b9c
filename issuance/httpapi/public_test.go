package httpapi

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/railgate/railgate/issuance/account"
	"github.com/railgate/railgate/issuance/credential"
	"github.com/railgate/railgate/issuance/registry"
	"github.com/railgate/railgate/issuance/registry/rules"
	"github.com/railgate/railgate/issuance/throttle"
	"github.com/railgate/railgate/test/harness/runtest"
)

// Rule B12: the retention times in the policy are those of the code.
func TestB12_PolicyHasTheRetentionTimes(t *testing.T) {
	const day = 24 * time.Hour
	if credential.RecordLife != account.EndedLoginKept {
		t.Fatal("privacy.md has one number for two different retention times")
	}
	unchecked := int(credential.UncheckedLife / time.Hour)
	record, forget := int(credential.RecordLife/day), int(throttle.DefaultRules.Account.Forget/time.Hour)
	for _, r := range []throttle.Rule{throttle.DefaultRules.Document, throttle.DefaultRules.Face, throttle.DefaultRules.Faces} {
		if int(r.Forget/time.Hour) != forget {
			t.Fatal("privacy.md has one number for different retention times")
		}
	}
	for text, wants := range map[string][]string{
		policyTexts.EN: {
			fmt.Sprintf("Erased %d days after it was submitted; %d hours after it if no face check has passed", record, unchecked), fmt.Sprintf("at the latest %d days after the month", record),
			fmt.Sprintf("ended logins for %d days", record), fmt.Sprintf("Deleted %d hours after the last one", forget), "three a month",
		},
		policyTexts.ZH: {
			fmt.Sprintf("自提交之日起%d天后删除；未通过实人核验的，%d小时后删除", record, unchecked), fmt.Sprintf("该月结束%d天后删除", record),
			fmt.Sprintf("已结束的登录记录保存%d天", record), fmt.Sprintf("结束%d小时后清除", forget), "每月三次",
		},
	} {
		runtest.Has(t, text, wants...)
	}
	if account.CodeLife != 5*time.Minute || !strings.Contains(policyTexts.EN, "under a keyed hash for five minutes") || !strings.Contains(policyTexts.ZH, "加密摘要保存五分钟") {
		t.Error("the policy has another lifetime of codes than the code")
	}
	for _, r := range []throttle.Rule{throttle.DefaultCodeRules.Account, throttle.DefaultCodeRules.Number, throttle.DefaultCodeRules.Network} {
		if r.MaxLock+r.Forget > 2*day {
			t.Error("counts of phone codes are kept longer than the policy's two days")
		}
	}
	if credential.ApplicationsPerMonth != 3 {
		t.Error("the policy says three applications a month")
	}
}

// Rule B12: the registry's retention times in the policy are those of the code.
func TestB12_PolicyHasTheRegistrysRetentionTimes(t *testing.T) {
	const day = 24 * time.Hour
	keep, tickets := int(rules.DefaultLimits().Keep/day), int(registry.TicketKept/day)
	for text, wants := range map[string][]string{
		policyTexts.EN: {fmt.Sprintf("cannot be deleted for %d days", keep), fmt.Sprintf("at most %d days", keep), fmt.Sprintf("Deleted %d days after the journey", tickets)},
		policyTexts.ZH: {fmt.Sprintf("添加后%d天内不能删除", keep), fmt.Sprintf("最长%d天", keep), fmt.Sprintf("行程结束%d天后删除", tickets)},
	} {
		runtest.Has(t, text, wants...)
	}
}

// Clients show the text as it is served, so a paragraph or item is one line. Both languages have
// the same items.
func TestPolicyHasOneLineForEachParagraph(t *testing.T) {
	items := 0
	for _, text := range []string{policyTexts.EN, policyTexts.ZH} {
		n := strings.Count(text, "\n- ")
		if items == 0 {
			items = n
		}
		if n != items || n < 10 || strings.Contains(text, "\n ") || strings.Count(text, "\n\n") != 6 || strings.Count(text, "\n") > 40 {
			t.Errorf("the policy has %d items in %d lines, want %d items:\n%s", n, strings.Count(text, "\n"), items, text)
		}
	}
}
