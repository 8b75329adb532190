<?php

use Illuminate\Container\Container;
use Illuminate\Contracts\View\Factory as ViewFactory;
use Illuminate\Http\Client\Factory as HttpFactory;
use Illuminate\Http\Request;
use Illuminate\Support\Facades\Facade;

/** What the extension needs of the panel around it: Laravel's own HTTP client and request, and of a view its data. */
function startPanel(array $input): void
{
    $container = new Container();
    Container::setInstance($container);
    Facade::setFacadeApplication($container);
    $container->singleton(HttpFactory::class, fn () => new HttpFactory());
    $container->singleton('request', fn () => Request::create('/', 'POST', $input));
    $container->singleton(ViewFactory::class, fn () => new Views());
}

class Views
{
    private array $data = [];

    public function file(string $path, array $data): static
    {
        $this->data = $data;
        return $this;
    }

    public function render(): string
    {
        return json_encode($this->data, JSON_THROW_ON_ERROR);
    }
}

abstract class Server
{
    public function __construct(private array $config)
    {
    }

    public function config(string $name)
    {
        return $this->config[$name] ?? null;
    }
}

class Service
{
    public int|string $id;
    public string $status;
    public object $user;
    public ?object $plan;
    public object $product;

    /** As JSON: {"id", "status", "email", "product", "plan" (optional)}. */
    public function __construct(array $fields)
    {
        $this->id = $fields['id'];
        $this->status = $fields['status'];
        $this->user = (object) ['email' => $fields['email']];
        $this->plan = isset($fields['plan']) ? (object) ['name' => $fields['plan']] : null;
        $this->product = (object) ['name' => $fields['product']];
    }
}
