/* ---- tail sampling -------------------------------------------------------------------------- */

/* [any, locks] Sets the policies of tail sampling, in place of those before: up to 32, in order.
   From then on a sampled trace's spans are held until its local root ends or
   llmobs_config.tail_wait_s are over. Then it is left out if a DROP matches; else kept if another
   policy does, of which the first one is named in the root's attribute llmobs.tail.policy; else
   left out. A policy to which another one refers decides nothing by itself. Rates begin full.
   ERROR_ARGUMENT, with the policy's index in `wrong` (which may be NULL): no policy, or a field
   that makes no sense; NOT or DROP of a part in which chance or a rate has a say, since then no
   weight could be told; DROP as a part; none that keeps anything. ERROR_LIMIT:
   llmobs_config.tail_traces is 0, there are more than 32, or llmobs_config.name_bytes are used up.
   What was set before stays then. See docs/sampling.md. */
LLMOBS_API llmobs_result llmobs_tail_policies(llmobs* obs, const llmobs_tail_policy* policies,
                                              size_t count, size_t* wrong);
