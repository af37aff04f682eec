package await

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/util/jsonpath"
)

const waitFor = "pulumi.com/waitFor"

// custom checks the conditions of the annotation pulumi.com/waitFor: one expression, or a JSON list of them,
// each `condition=Type[=Status]` or `jsonpath={.path}[=value]`. All have to hold.
func custom(annotation string, live *unstructured.Unstructured) (bool, string, error) {
	expressions := []string{annotation}
	if strings.HasPrefix(strings.TrimSpace(annotation), "[") {
		if err := json.Unmarshal([]byte(annotation), &expressions); err != nil {
			return false, "", fmt.Errorf("%s is no JSON list: %w", waitFor, err)
		}
	}
	for _, expression := range expressions {
		done, message, err := holds(expression, live)
		if !done || err != nil {
			return false, message, err
		}
	}
	return true, "", nil
}

func holds(expression string, live *unstructured.Unstructured) (bool, string, error) {
	kind, rest, _ := strings.Cut(expression, "=")
	switch kind {
	case "condition":
		name, status, given := strings.Cut(rest, "=")
		if !given {
			status = "True"
		}
		return condition(name, status)(context.Background(), Objects{}, live)
	case "jsonpath":
		path, want, given := strings.Cut(rest, "}=")
		if given {
			path += "}"
		}
		finder := jsonpath.New(waitFor).AllowMissingKeys(true)
		if err := finder.Parse(path); err != nil {
			return false, "", fmt.Errorf("%s: %w", waitFor, err)
		}
		found, err := finder.FindResults(live.Object)
		if err != nil {
			return false, "", fmt.Errorf("%s: %w", waitFor, err)
		}
		if len(found) == 0 || len(found[0]) == 0 {
			return false, fmt.Sprintf("%s is not set yet", path), nil
		}
		value := fmt.Sprint(found[0][0].Interface())
		return !given || value == want, fmt.Sprintf("%s is %q, not %q", path, value, want), nil
	}
	return false, "", fmt.Errorf("%s: %q begins with neither condition= nor jsonpath=", waitFor, expression)
}
