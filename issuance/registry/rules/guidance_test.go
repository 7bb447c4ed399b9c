package rules

import (
	"strings"
	"testing"

	"github.com/railgate/railgate/issuance/identity"
)

// Both languages have a next step for common and special names, holders and passengers.
func TestR01_EveryStatusHasANextStep(t *testing.T) {
	for _, d := range identity.DocumentTypes() {
		for _, s := range Statuses() {
			for _, special := range []bool{false, true} {
				for _, of := range []EntryKind{OwnEntry, ListedEntry, OverLimitEntry} {
					p := identity.Person{Document: d, Substituted: special}
					g := Guidance(p, s, of)
					if Possible(d, s) != (g.NextEN != "" && g.NextZH != "") {
						t.Errorf("%v %v: the next step is %q, %q", d, s, g.NextEN, g.NextZH)
					}
					if g.EN != s.English() || g.ZH != s.Chinese() || g.EN == "" || g.ZH == "" {
						t.Errorf("%v %v: %q, %q", d, s, g.EN, g.ZH)
					}
					if proof := strings.Contains(g.NextZH, "并提供"); proof != (special && Possible(d, s) && s != Verified && s != PreVerified) {
						t.Errorf("%v %v special %v: the next step is %q", d, s, special, g.NextZH)
					}
					if special && strings.Contains(g.NextZH, "代售点") {
						t.Errorf("%v %v: a special name is sent to an agency", d, s)
					}
				}
			}
		}
	}
}

func TestG25_NextStepOfPending(t *testing.T) {
	resident := identity.Person{Document: identity.ResidentID}
	const words = "需持二代居民身份证原件到车站售票窗口或铁路客票代售点办理核验"
	for _, of := range []EntryKind{OwnEntry, ListedEntry} {
		if g := Guidance(resident, Pending, of); g.NextZH != words || g.ZH != "待核验" {
			t.Errorf("%q, %q", g.ZH, g.NextZH)
		}
	}
	resident.Name.OverLong = true
	for of, want := range map[EntryKind]string{
		OwnEntry:       "需持二代居民身份证原件到车站售票窗口办理核验，并提供手机号后4位或注册邮箱前3位",
		ListedEntry:    "需持二代居民身份证原件到车站售票窗口办理核验，并提供注册用户注册时填写的身份证件号码",
		OverLimitEntry: "需持注册用户和常用联系人的二代居民身份证原件到车站售票窗口办理核验，并提供注册用户注册时填写的身份证件号码",
	} {
		if g := Guidance(resident, Pending, of); g.NextZH != want {
			t.Errorf("%d: %q", of, g.NextZH)
		}
	}
}

// R11, G37: a failed entry that was correct can be verified directly, also at an agency.
func TestR11_NextStepOfFailed(t *testing.T) {
	resident := identity.Person{Document: identity.ResidentID}
	for of, both := range map[EntryKind]bool{OwnEntry: false, ListedEntry: false, OverLimitEntry: true} {
		g := Guidance(resident, Failed, of)
		if !strings.Contains(g.NextZH, "信息无误的，可直接持原件到车站售票窗口或铁路客票代售点办理") || !strings.Contains(g.NextEN, "to one of them directly") {
			t.Errorf("%d: %q, %q", of, g.NextZH, g.NextEN)
		}
		if strings.Contains(g.NextZH, "须同时携带注册用户的二代居民身份证原件") != both || strings.Contains(g.NextEN, "account holder's") != both {
			t.Errorf("%d: both originals: %q, %q", of, g.NextZH, g.NextEN)
		}
	}
}
