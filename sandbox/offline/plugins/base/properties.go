package base

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
)

// UnknownInputs gives one failure for each key of `inputs` that is not in `known`.
func UnknownInputs(inputs resource.PropertyMap, known []string) []plugin.CheckFailure {
	var failures []plugin.CheckFailure
	for _, key := range inputs.StableKeys() {
		if !slices.Contains(known, string(key)) && !strings.HasPrefix(string(key), "__") {
			failures = append(failures, plugin.CheckFailure{
				Property: key,
				Reason:   fmt.Sprintf("the sandbox's stand-in does not know the input %q", key),
			})
		}
	}
	return failures
}

// Plain strips secrets, and drops what is null or not known yet.
func Plain(value resource.PropertyValue) any {
	switch {
	case value.IsSecret():
		return Plain(value.SecretValue().Element)
	case value.IsOutput():
		return Plain(value.OutputValue().Element)
	case value.IsComputed(), value.IsNull():
		return nil
	case value.IsArray():
		list := make([]any, 0, len(value.ArrayValue()))
		for _, element := range value.ArrayValue() {
			list = append(list, Plain(element))
		}
		return list
	case value.IsObject():
		object := make(map[string]any, len(value.ObjectValue()))
		for key, element := range value.ObjectValue() {
			if got := Plain(element); got != nil {
				object[string(key)] = got
			}
		}
		return object
	default:
		return value.V
	}
}

// PlainMap is Plain for a whole set of properties; keys without a value are left out.
func PlainMap(properties resource.PropertyMap) map[string]any {
	object, _ := Plain(resource.NewObjectProperty(properties)).(map[string]any)
	return object
}

// KeepSecrets makes secret in `values` what is secret at the same place of `origin`.
func KeepSecrets(values, origin resource.PropertyMap) resource.PropertyMap {
	for key, from := range origin {
		if value, ok := values[key]; ok {
			values[key] = keepSecret(value, from)
		}
	}
	return values
}

func keepSecret(value, origin resource.PropertyValue) resource.PropertyValue {
	switch {
	case origin.IsSecret() || origin.IsOutput() && origin.OutputValue().Secret:
		if value.IsSecret() {
			return value
		}
		return resource.MakeSecret(value)
	case value.IsObject() && origin.IsObject():
		return resource.NewObjectProperty(KeepSecrets(value.ObjectValue(), origin.ObjectValue()))
	case value.IsArray() && origin.IsArray():
		list := value.ArrayValue()
		for i, from := range origin.ArrayValue() {
			if i < len(list) {
				list[i] = keepSecret(list[i], from)
			}
		}
		return resource.NewArrayProperty(list)
	}
	return value
}

// Unknown is an output that only the real operation can tell.
func Unknown() resource.PropertyValue {
	return resource.MakeComputed(resource.NewStringProperty(""))
}

// IgnoreChanges removes from `diff` the paths that the program asked to ignore.
func IgnoreChanges(diff map[string]plugin.PropertyDiff, ignore []string) error {
	for _, pattern := range ignore {
		ignored, err := resource.ParsePropertyPath(pattern)
		if err != nil {
			return fmt.Errorf("ignoreChanges %q: %w", pattern, err)
		}
		for path := range diff {
			if changed, err := resource.ParsePropertyPath(path); err == nil && ignored.Contains(changed) {
				delete(diff, path)
			}
		}
	}
	return nil
}

// Deadline bounds `ctx` by the resource's custom timeout in seconds, or by `fallback` where there is none.
func Deadline(ctx context.Context, seconds float64, fallback time.Duration) (context.Context, context.CancelFunc) {
	if seconds > 0 {
		fallback = time.Duration(seconds * float64(time.Second))
	}
	if fallback <= 0 {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(ctx, fallback)
}

// Bare strips secrets and keeps what is not known yet, so that two values can be compared.
func Bare(value resource.PropertyValue) resource.PropertyValue {
	switch {
	case value.IsSecret():
		return Bare(value.SecretValue().Element)
	case value.IsObject():
		return resource.NewObjectProperty(BareMap(value.ObjectValue()))
	case value.IsArray():
		list := make([]resource.PropertyValue, 0, len(value.ArrayValue()))
		for _, element := range value.ArrayValue() {
			list = append(list, Bare(element))
		}
		return resource.NewArrayProperty(list)
	}
	return value
}

// BareMap is Bare for a whole set of properties; nulls are left out.
func BareMap(properties resource.PropertyMap) resource.PropertyMap {
	bare := make(resource.PropertyMap, len(properties))
	for key, value := range properties {
		if !value.IsNull() {
			bare[key] = Bare(value)
		}
	}
	return bare
}
