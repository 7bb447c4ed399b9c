package identity

import "testing"

// GB/T 2312 has 3755 and 3008 Chinese characters.
func TestB1_CommonCharactersAreThoseOfTheStandard(t *testing.T) {
	common := 0
	for r := rune(0); r < 0x40000; r++ {
		if inGB2312(r) {
			common++
		}
	}
	if common != 3755+3008 {
		t.Errorf("%d characters are common", common)
	}
}

func TestB1_RareAndTraditionalCharacters(t *testing.T) {
	// The traditional one beside the simplified one of the same word; then rare
	// ones that only later standards have.
	for traditional, simplified := range map[string]string{"國": "国", "劉": "刘", "陳": "陈", "張": "张", "馬": "马", "龍": "龙", "東": "东", "門": "门"} {
		if !Uncommon("测" + traditional) {
			t.Errorf("%s passes for common", traditional)
		}
		if Uncommon("测" + simplified) {
			t.Errorf("%s passes for uncommon", simplified)
		}
	}
	for _, rare := range []string{"喆", "堃", "昇", "䶮", "𬭚", "𠮷", "龘"} {
		if !Uncommon("测" + rare) {
			t.Errorf("%s passes for common", rare)
		}
	}
	for _, common := range []string{"测试", "Test O'Name-Test", "阿测·试", "José", "Jose\u0301", "ＴＥＳＴ", "阿测・试", ""} {
		if Uncommon(common) {
			t.Errorf("%q passes for uncommon", common)
		}
	}
}
