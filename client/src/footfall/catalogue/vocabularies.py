"""The closed word lists of vocabulary properties. Data only; every list is finite and public.

A word that is neither listed here nor added by a product's own code leaves the process as `other`.
"""

OTHER = "other"
"""Stands for every value outside a vocabulary."""

UNKNOWN = "unknown"
"""Stands for a value that is not given, for example in a session-less request without client info."""

MCP_CLIENTS = (
    "@librechat/api-client",
    "@n8n/n8n-nodes-langchain.mcpClientTool",
    "Alpic",
    "amp-mcp-client",
    "antigravity-client",
    "apify-mcp-client",
    "arcade",
    "ChatGPT",
    "Cherry Studio",
    "claude-ai",
    "claude-code",
    "Cline",
    "Codex",
    "codex-mcp-client",
    "com.raycast.macos",
    "conformance-test-client",
    "continue-cli-client",
    "crush",
    "cursor-vscode",
    "dust-mcp-client",
    "factory-cli",
    "fastmcp",
    "fastmcp-dev",
    "gemini-cli-mcp-client",
    "gitguardian",
    "github-copilot-developer",
    "Glama",
    "goose",
    "http",
    "inspector",
    "inspector-cli",
    "Jan-Streamable-Client",
    "JetBrains-IU-copilot-intellij",
    "JetBrains-JBC-copilot-intellij",
    "Kilo-Code",
    "lobehub-mcp-client",
    "make-app-mcp-client",
    "mcp",
    "mcpc",
    "mcporter",
    "Mistral",
    "opencode",
    "Postman-Client",
    "Q-DEV-CLI",
    "Roo-Code",
    "Visual Studio Code",
    "Visual-Studio-Code",
    "Windsurf",
    "windsurf-client",
    "Xcode-copilot-xcode",
    "Zed",
)
"""`clientInfo.name` of public MCP clients, in the spelling they send. SDKs send `mcp`, fastmcp 4.2 `fastmcp`."""

TRANSPORTS = ("stdio", "sse", "streamable-http", "memory")
"""MCP transports, by the names of the MCP specification; `memory` is an in-process session."""

DEPLOYMENT_METHODS = ("helm", "kustomize", "manifest", "docker-compose", "docker", "kubernetes", "local")
"""How a server was installed: a manifest says so in a variable, else it is derived from the environment."""

AI_PROVIDER_VARIABLES = {
    # The order decides where several keys are present: the first listed wins.
    "ANTHROPIC_API_KEY": "anthropic",
    "OPENAI_API_KEY": "openai",
    "GOOGLE_API_KEY": "google",
    "GEMINI_API_KEY": "google",
    "XAI_API_KEY": "xai",
    "ANTHROPIC_AUTH_TOKEN": "anthropic",
    "AI21_API_KEY": "ai21",
    "ALEPH_ALPHA_API_KEY": "aleph_alpha",
    "ANYSCALE_API_KEY": "anyscale",
    "AZURE_API_KEY": "azure",
    "BASETEN_API_KEY": "baseten",
    "CEREBRAS_API_KEY": "cerebras",
    "CLF_AI_GATEWAY_API_KEY": "cloudflare",
    "CLOUDFLARE_API_KEY": "cloudflare",
    "CODESTRAL_API_KEY": "mistral",
    "COHERE_API_KEY": "cohere",
    "CUSTOM_LLM_API_KEY": "custom",
    "ALIBABA_API_KEY": "alibaba",
    "DASHSCOPE_API_KEY": "alibaba",
    "DATAROBOT_API_TOKEN": "datarobot",
    "DEEPINFRA_API_KEY": "deepinfra",
    "DEEPSEEK_API_KEY": "deepseek",
    "EDENAI_API_KEY": "edenai",
    "FEATHERLESS_AI_API_KEY": "featherless_ai",
    "FIREWORKSAI_API_KEY": "fireworks_ai",
    "FIREWORKS_AI_API_KEY": "fireworks_ai",
    "FIREWORKS_AI_TOKEN": "fireworks_ai",
    "FIREWORKS_API_KEY": "fireworks_ai",
    "GITHUB_COPILOT_TOKEN": "copilot",
    "GOOGLE_GENERATIVE_AI_API_KEY": "google",
    "GROQ_API_KEY": "groq",
    "HUGGINGFACE_API_KEY": "huggingface",
    "INCEPTION_API_KEY": "inception",
    "INFINITY_API_KEY": "infinity",
    "MISTRAL_API_KEY": "mistral",
    "MODELSCOPE_API_KEY": "modelscope",
    "MOONSHOT_API_KEY": "kimi",
    "NADIR_API_KEY": "nadir",
    "NEBIUS_API_KEY": "nebius",
    "NLP_CLOUD_API_KEY": "nlp_cloud",
    "NOVITA_API_KEY": "novita",
    "NVIDIA_NIM_API_KEY": "nvidia_nim",
    "OLLAMA_API_BASE": "ollama",
    "OPENROUTER_API_KEY": "openrouter",
    "PALM_API_KEY": "google",
    "PERPLEXITYAI_API_KEY": "perplexity",
    "REPLICATE_API_KEY": "replicate",
    "TENCENT_API_KEY": "tencent",
    "TOGETHERAI_API_KEY": "together_ai",
    "VERCEL_AI_GATEWAY_API_KEY": "vercel_ai_gateway",
    "VERTEXAI_PROJECT": "vertex_ai",
    "VOLCENGINE_API_KEY": "volcengine",
    "VOYAGE_API_KEY": "voyage",
    "WANDB_API_KEY": "wandb",
}
"""Variable whose presence (never its value) shows the provider. Variables that other tools set for other purposes are
left out on purpose: AWS credentials do not mean Bedrock, and a Cloudflare account or an Azure base URL does not mean a
model."""

AI_PROVIDERS = tuple(
    sorted(
        {
            *AI_PROVIDER_VARIABLES.values(),
            # Names that servers set in AI_PROVIDER and that have no key variable.
            "amazon_bedrock",
            "host",
            "none",
        }
    )
)
"""Names of AI providers; `none` if no key is present and AI_PROVIDER is not set."""

AI_PROVIDER_ALIASES = {
    "anthropic_haiku": "anthropic",
    "anthropic_opus": "anthropic",
    "bedrock": "amazon_bedrock",
    "google_flash": "google",
    "moonshot": "kimi",
    "unknown": "none",
}
"""Other names of providers, and names that servers give to a provider's models: each counts as its provider. The
TypeScript server of dot-ai sends `unknown` if no provider is configured."""
