"""The rules of docs/cost.md in exact fractions, and whether llmobs comes to the same nano-USD.

    cost_python.py make TABLE USAGES COUNT     a table that has every rule, and random usages
    cost_python.py check TABLE USAGES COSTS    every cost, and every part of it, is the same

Nothing but the standard library. Written from the rules, not from the C.
"""
import json
import random
import re
import sys
from fractions import Fraction

NANO = 10**9
FEMTO = 10**15
KINDS = ["input", "cache_read", "cache_write", "cache_write_1h", "audio_input", "image_input",
         "output", "reasoning", "audio_output", "image_output"]
KEYS = {
    "input": "input_cost_per_token",
    "output": "output_cost_per_token",
    "cache_read": "cache_read_input_token_cost",
    "cache_write": "cache_creation_input_token_cost",
    "cache_write_1h": "cache_creation_input_token_cost_above_1hr",
    "reasoning": "output_cost_per_reasoning_token",
    "audio_input": "input_cost_per_audio_token",
    "audio_output": "output_cost_per_audio_token",
    "image_input": "input_cost_per_image_token",
    "image_output": "output_cost_per_image_token",
}
TIERS = ["batches", "flex", "priority", "ultrafast", "balanced"]
WORDS = {"fast": "priority", "batch": "batches"}
ZONES = {None: 0, "UTC": 0, "Asia/Shanghai": 8, "Asia/Tokyo": 9}
DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]

# ---- a table and usages --------------------------------------------------------------------------


def random_price(rng):
    """The text of a price, in one of the ways that JSON has; a whole number of femto-USD."""
    femto = rng.choice([0, rng.randrange(1, 1000), rng.randrange(10**6, 10**10),
                        rng.randrange(10**10, 10**12)])
    form = rng.randrange(3)
    if form == 0:
        return "%de-15" % femto
    if form == 1:
        return "0." + "%015d" % femto
    digits = str(femto)
    return "%s.%sE%d" % (digits[0], digits[1:] or "0", len(digits) - 1 - 15)


def random_window(rng):
    times = ["%02d:%02d" % (rng.randrange(24), rng.randrange(60)) for _ in range(2)]
    if rng.randrange(8) == 0:
        times[1] = times[0]
    return "-".join(times)


def random_off_peak(rng):
    block = {}
    for kind in rng.sample(KINDS, rng.randrange(1, 5)):
        block[KEYS[kind]] = random_price(rng)
    if rng.randrange(2):
        block["hours_utc"] = rng.choice([random_window(rng),
                                         [random_window(rng) for _ in range(2)]])
    if rng.randrange(2) or "hours_utc" not in block:
        block["windows"] = []
        for _ in range(rng.randrange(1, 3)):
            rule = {"hours_utc": random_window(rng)}
            if rng.randrange(4):
                days = rng.sample(range(1, 8), rng.randrange(1, 5))
                rule["weekdays"] = [rng.choice([d, DAYS[d - 1]]) for d in days]
            block["windows"].append(rule)
        zone = rng.choice([None, "UTC", "Asia/Shanghai", "Asia/Tokyo"])
        if zone:
            block["weekday_timezone"] = zone
    return block


def random_tiers(rng):
    edges = sorted(rng.sample(range(1, 300), 3))
    tiers = []
    for start, end in zip([0] + edges[:-1], edges):
        tier = {"range": [start * 1000, end * 1000], KEYS["input"]: random_price(rng)}
        for kind in rng.sample(KINDS[1:4] + KINDS[6:8], rng.randrange(0, 5)):
            tier[KEYS[kind]] = random_price(rng)
        tiers.append(tier)
    rng.shuffle(tiers)
    return tiers


def random_model(rng, provider):
    model = {"litellm_provider": provider, "mode": "chat", "supports_vision": True}
    for kind in KINDS:
        if kind == "input" or rng.randrange(5) < (4 if kind == "output" else 2):
            model[KEYS[kind]] = random_price(rng)
    thresholds = rng.sample([32, 100, 128, 200, 272], rng.choice([0, 0, 1, 2]))
    tiers = rng.sample(TIERS, rng.choice([0, 0, 1, 3]))
    for threshold in thresholds:
        name = "_above_" + rng.choice(["%dk" % threshold, "%d000" % threshold]) + "_tokens"
        for kind in KINDS:
            if rng.randrange(3):
                model[KEYS[kind] + name] = random_price(rng)
    for tier in tiers:
        for kind in KINDS:
            if rng.randrange(2):
                model[KEYS[kind] + "_" + tier] = random_price(rng)
            for threshold in thresholds:
                if rng.randrange(3) == 0:
                    model["%s_above_%dk_tokens_%s" % (KEYS[kind], threshold, tier)] = \
                        random_price(rng)
    if rng.randrange(5) == 0:
        model["tiered_pricing"] = random_tiers(rng)
    if rng.randrange(4) == 0:
        model["off_peak_pricing"] = random_off_peak(rng)
    for region in rng.sample(["eu", "us", "jp"], rng.choice([0, 1, 2])):
        model["regional_processing_uplift_multiplier_" + region] = \
            rng.choice(["1.1", "1.05", "1.000001", "0.93", "2"])
    if rng.randrange(6) == 0:
        model["regional_endpoint_uplift_multiplier"] = "1.15"
    if rng.randrange(6) == 0:
        model["provider_specific_entry"] = {"fast": "1.333333", "cn": "0.5", "notes": "1"}
    return model


def write_json(value, is_text=True):
    """Texts of prices stand as numbers; the others in quotes."""
    if isinstance(value, dict):
        return "{%s}" % ",\n ".join(
            '"%s": %s' % (name, write_json(v, not re.search("cost|multiplier|fast|cn", name)))
            for name, v in value.items())
    if isinstance(value, list):
        return "[%s]" % ", ".join(write_json(v, is_text) for v in value)
    return value if isinstance(value, str) and not is_text else json.dumps(value)


def make(table_file, usage_file, count):
    rng = random.Random(20260115)
    table = {"sample_spec": {"max_tokens": "text"}}
    providers = ["openai", "anthropic", "azure", "xai", "vertex_ai-chat", "dashscope"]
    for number in range(400):
        provider = rng.choice(providers)
        name = "model-%d" % number
        if rng.randrange(3) == 0:
            name = provider.split("-")[0] + "/" + name
        table[name] = random_model(rng, provider)
    with open(table_file, "w") as out:
        out.write(write_json(table))
    names = list(table)[1:]
    with open(usage_file, "w") as out:
        for _ in range(count):
            out.write(random_usage(rng, rng.choice(names)) + "\n")


def random_tokens(rng):
    return rng.choice([0, rng.randrange(2000), rng.randrange(400000),
                       rng.choice([32, 100, 128, 200, 272]) * 1000 + rng.randrange(-1, 2),
                       rng.randrange(10**9)])


def random_usage(rng, name):
    prompt, completion = random_tokens(rng), random_tokens(rng)

    def part(total):
        return rng.choice([0, 0, rng.randrange(total + 1), rng.randrange(total // 4 + 1),
                           rng.randrange(2 * total + 2)])

    write = part(prompt)
    row = ["-", name, rng.choice(["-"] * 4 + TIERS + ["fast", "batch", "default", "PRIORITY"]),
           rng.choice(["-", "-", "eu", "us", "cn", "jp", "global"]),
           1760000000 + rng.randrange(60 * 86400), int(rng.randrange(8) == 0),
           int(rng.randrange(5) == 0), prompt, completion, part(prompt), write,
           rng.randrange(write + 1), part(prompt), part(prompt), part(completion),
           part(completion), part(completion)]
    return "\t".join(str(field) for field in row)


# ---- the rules -----------------------------------------------------------------------------------


def in_window(window, minute):
    start, end = (int(t[:2]) * 60 + int(t[3:]) for t in window.split("-"))
    if start < end:
        return start <= minute < end
    return minute >= start or minute < end


def is_off_peak(block, seconds):
    minute = seconds // 60 % 1440

    def any_of(windows):
        windows = [windows] if isinstance(windows, str) else windows
        return any(in_window(window, minute) for window in windows)

    if "hours_utc" in block and any_of(block["hours_utc"]):
        return True
    zone = ZONES[block.get("weekday_timezone")]
    day = ((seconds + zone * 3600) // 86400 + 3) % 7  # 1970-01-01 was a Thursday
    for rule in block.get("windows", []):
        days = rule.get("weekdays", list(range(1, 8)))
        days = [DAYS.index(d) if isinstance(d, str) else d - 1 for d in days]
        if day in days and any_of(rule["hours_utc"]):
            return True
    return False


def threshold_of(model, tier, prompt):
    """The highest that is passed, of those with a price of the input."""
    found = None
    for key in model:
        match = re.fullmatch(r"input_cost_per_token_above_(\d+)(k?)_tokens(?:_(\w+))?", key)
        if match and match[3] in (None, tier):
            number = int(match[1]) * (1000 if match[2] else 1)
            inclusive = model["litellm_provider"] == "xai"
            if (prompt > number or (inclusive and prompt == number)) and number > (found or 0):
                found = number
    return found


def price_of(model, kind, tier, threshold):
    """Above the threshold for the tier, above it, for the tier, else the plain one."""
    spelled = [""] if not threshold else [
        "_above_%dk_tokens" % (threshold // 1000), "_above_%d_tokens" % threshold]
    tries = []
    if threshold:
        tries += [s + "_" + tier for s in spelled] if tier else []
        tries += spelled
    tries += ["_" + tier] if tier else []
    tries += [""]
    for suffix in tries:
        if KEYS[kind] + suffix in model:
            return model[KEYS[kind] + suffix]
    return None


def reasoning_price(model, tier, threshold):
    """A tier with a price of the output has no other tier's price of reasoning."""
    if tier and "output_cost_per_token_" + tier in model:
        for suffix in (["_above_%dk_tokens_%s" % (threshold // 1000, tier)] if threshold else []):
            if KEYS["reasoning"] + suffix in model:
                return model[KEYS["reasoning"] + suffix]
        for suffix in (["_above_%dk_tokens" % (threshold // 1000),
                        "_above_%d_tokens" % threshold] if threshold else []):
            if KEYS["reasoning"] + suffix in model:
                return model[KEYS["reasoning"] + suffix]
        return model.get(KEYS["reasoning"] + "_" + tier)
    return price_of(model, "reasoning", tier, threshold)


def rates_of(model, tier, prompt, seconds):
    threshold = threshold_of(model, tier, prompt)
    rates = {kind: price_of(model, kind, tier, threshold) for kind in KINDS}
    rates["reasoning"] = reasoning_price(model, tier, threshold)
    tiers = sorted(model.get("tiered_pricing", []), key=lambda t: t["range"][0])
    held = [t for t in tiers if prompt > t["range"][0] or t["range"][0] == 0]
    if held:
        chosen = held[-1]
        # For a request in tiered_pricing no threshold holds beside it.
        for kind in ("cache_read", "cache_write", "cache_write_1h"):
            rates[kind] = None
        if KEYS["output"] in chosen:
            rates["reasoning"] = None
        for kind in KINDS:
            rates[kind] = chosen.get(KEYS[kind], rates[kind])
    block = model.get("off_peak_pricing")
    if block and is_off_peak(block, seconds):
        for kind in KINDS:
            rates[kind] = block.get(KEYS[kind], rates[kind])

    def derive(kind, source):
        if rates[kind] is None:
            rates[kind] = rates[source]

    derive("cache_read", "input")
    derive("cache_write", "input")
    derive("cache_write_1h", "cache_write")
    derive("audio_input", "input")
    derive("image_input", "input")
    derive("output", "image_output")
    derive("reasoning", "output")
    derive("audio_output", "output")
    derive("image_output", "output")
    return rates


def counts_of(usage):
    read, write, hour = usage["cached"], usage["write"], usage["hour"]
    prompt = usage["prompt"] + (read + write if usage["additive"] else 0)
    budget = max(prompt - read - write, 0)
    audio = min(usage["audio_in"], budget)
    image = min(usage["image_in"], budget - audio)
    text = max(usage["completion"] - usage["reasoning"] - usage["audio_out"] - usage["image_out"],
               0)
    return prompt, dict(zip(KINDS, [budget - audio - image, read, write - hour, hour, audio, image,
                                    text, usage["reasoning"], usage["audio_out"],
                                    usage["image_out"]]))


def uplift_of(model, region, service):
    factor = Fraction(1)
    specific = model.get("provider_specific_entry", {})
    if region:
        named = model.get("regional_processing_uplift_multiplier_" + region,
                          specific.get(region) if len(region) == 2 else None)
        if named is None and region != "global":
            named = model.get("regional_endpoint_uplift_multiplier")
        factor *= Fraction(named) if named is not None else 1
    if service == "fast" and "fast" in specific:
        factor *= Fraction(specific["fast"])
    return factor


def cost_of(table, usage):
    """(total, parts, saved by the cache) in nano-USD; None: there is no price for what was used."""
    model = table[usage["model"]]
    service = usage["service"].lower() if usage["service"] else None
    tier = "batches" if usage["batch"] else WORDS.get(service, service)
    tier = tier if tier in TIERS else None
    prompt, counts = counts_of(usage)
    rates = rates_of(model, tier, prompt, usage["seconds"])
    factor = uplift_of(model, usage["region"], service)
    if any(counts[kind] and rates[kind] is None for kind in KINDS):
        return None, None, None
    parts = [counts[kind] * rates[kind] * factor * NANO if counts[kind] else Fraction(0)
             for kind in KINDS]
    total = round(sum(parts))  # half to even, as Python rounds
    saved = 0
    if counts["cache_read"] and rates["input"] is not None:
        dearer = counts["cache_read"] * (rates["input"] - rates["cache_read"]) * factor * NANO
        saved = max(round(sum(parts) + dearer) - total, 0)
    return total, [round(part) for part in parts], saved


# ---- comparing -----------------------------------------------------------------------------------

FIELDS = ["provider", "model", "service", "region", "seconds", "batch", "additive", "prompt",
          "completion", "cached", "write", "hour", "audio_in", "image_in", "reasoning",
          "audio_out", "image_out"]


def read_table(file):
    with open(file) as text:
        return json.load(text, parse_float=Fraction, parse_int=Fraction)


def whole(value):
    """Numbers that are no prices, as integers again."""
    for model in value.values():
        for tier in model.get("tiered_pricing", []):
            tier["range"] = [int(number) for number in tier["range"]]
        for rule in model.get("off_peak_pricing", {}).get("windows", []):
            if "weekdays" in rule:
                rule["weekdays"] = [d if isinstance(d, str) else int(d) for d in rule["weekdays"]]
    return value


def check(table_file, usage_file, cost_file):
    table = read_table(table_file)
    table.pop("sample_spec")
    whole(table)
    wrong = priced = unpriced = cheaper = 0
    with open(usage_file) as usages, open(cost_file) as costs:
        rows, results = usages.read().splitlines(), costs.read().splitlines()
    if len(rows) != len(results):
        sys.exit("%d usages, %d costs" % (len(rows), len(results)))
    for row, result in zip(rows, results):
        fields = [None if field == "-" else field for field in row.split("\t")]
        usage = dict(zip(FIELDS, fields[:4] + [int(field) for field in fields[4:]]))
        status, nano, *parts, saved = (int(field) for field in result.split("\t"))
        want, want_parts, want_saved = cost_of(table, usage)
        if want is None:
            unpriced += 1
            good = status == 4 and nano == saved == -1
        elif want > 10**6 * NANO:
            good = status == 5 and nano == saved == -1
        else:
            priced += want > 0
            cheaper += want_saved > 0
            good = (status == 0 and nano == want and parts == want_parts
                    and saved == want_saved)
        if not good:
            wrong += 1
            if wrong <= 5:
                print("%s\n  got  %s\n  want %s %s %s"
                      % (row, result, want, want_parts, want_saved))
    print("%d usages, %d with a cost, %d of them less by a cache, %d without a price: "
          "%d differences" % (len(rows), priced, cheaper, unpriced, wrong))
    return wrong == 0 and priced > len(rows) // 2 and cheaper > len(rows) // 10


if __name__ == "__main__":
    if sys.argv[1] == "make":
        make(sys.argv[2], sys.argv[3], int(sys.argv[4]))
    elif not check(*sys.argv[2:5]):
        sys.exit(1)
